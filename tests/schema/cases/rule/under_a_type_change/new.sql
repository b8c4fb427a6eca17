CREATE TABLE t (a bigint);
CREATE TABLE log (a bigint);
CREATE RULE noted AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (new.a);
