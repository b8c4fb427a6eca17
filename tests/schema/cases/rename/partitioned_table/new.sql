-- renamed-from: log
CREATE TABLE journal (at date NOT NULL, n int) PARTITION BY RANGE (at);
CREATE TABLE log_default PARTITION OF journal DEFAULT;
-- renamed-from: log_n
CREATE INDEX journal_n ON journal (n);
