CREATE SCHEMA logs;
CREATE TABLE logs.event (at date NOT NULL, n int) PARTITION BY RANGE (at);
CREATE TABLE logs.event_1 PARTITION OF logs.event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE INDEX changed ON logs.event (n DESC);
CREATE UNIQUE INDEX added ON logs.event (at, n);
