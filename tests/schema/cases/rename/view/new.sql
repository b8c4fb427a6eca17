CREATE TABLE t (a int);
-- renamed-from: v
CREATE VIEW seen AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM seen;
