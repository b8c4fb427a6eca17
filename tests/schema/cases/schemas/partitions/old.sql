CREATE SCHEMA logs;
CREATE TABLE logs.event (at date NOT NULL, n int) PARTITION BY RANGE (at);
CREATE TABLE logs.event_1 PARTITION OF logs.event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE logs.event_3 (at date NOT NULL, n int);
CREATE INDEX event_n ON logs.event (n);
