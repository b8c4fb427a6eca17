CREATE TYPE e AS ENUM ('a','b');
CREATE TABLE t (x text[] NOT NULL DEFAULT '{}', y e[] DEFAULT ARRAY['a'::e], z int[][] DEFAULT '{{1,2},{3,4}}');
