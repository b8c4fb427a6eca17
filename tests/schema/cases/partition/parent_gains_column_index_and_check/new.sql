CREATE TABLE p (at timestamptz NOT NULL, n int CHECK (n > 0), note text DEFAULT 'x') PARTITION BY RANGE (at);CREATE TABLE p_default PARTITION OF p DEFAULT;CREATE INDEX p_n ON p (n);
