CREATE TABLE t (a text[], j jsonb DEFAULT '{}', i interval day to second(3), b bit(3), z timetz(2));
