CREATE TYPE status AS ENUM ('queued', 'running');
CREATE DOMAIN settled AS status;
CREATE TABLE runs (id int, state status) PARTITION BY LIST (state);
CREATE TABLE runs_queued PARTITION OF runs FOR VALUES IN ('queued');
CREATE TABLE runs_evicted (id int, state status CHECK (state IS NOT NULL));
CREATE TABLE ends (id int, state settled) PARTITION BY LIST (state);
