CREATE TABLE t (e extensions.vector(3), s text);
