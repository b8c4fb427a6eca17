-- What a move to a newer major version may word or restore otherwise; without extensions, which packages of older servers lack.
CREATE TYPE mood AS ENUM ('fine', 'so "so"', 'schlecht ü');
CREATE TYPE span AS (low integer, high integer);
CREATE DOMAIN short_text AS text NOT NULL CHECK (length(value) < 20);
CREATE SEQUENCE counter START 41 INCREMENT 2 CACHE 5;

CREATE TABLE "Odd Näme" (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document jsonb NOT NULL DEFAULT '{}',
    raw bytea,
    labels text[] NOT NULL DEFAULT '{}',
    feeling mood NOT NULL DEFAULT 'fine',
    label short_text,
    during tstzrange,
    range span,
    amount numeric(30, 10) CHECK (amount >= 0),
    doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,
    kind varchar(9) CHECK (kind IN ('c', 'd')),
    UNIQUE NULLS NOT DISTINCT (kind, id)
);
ALTER TABLE "Odd Näme" ALTER COLUMN raw SET STORAGE EXTERNAL;
COMMENT ON TABLE "Odd Näme" IS 'It''s odd; \restrict is no command here';
CREATE INDEX odd_document ON "Odd Näme" USING gin (document);
CREATE INDEX odd_partly ON "Odd Näme" (label) INCLUDE (amount) WHERE feeling <> 'fine';
INSERT INTO "Odd Näme" (document, raw, labels, feeling, label, during, range, amount, kind)
SELECT
    jsonb_build_object('n', i, 'text', E'tab\there "quoted" \\ back \u00e9'), decode(repeat('00ff5c', i), 'hex'),
    ARRAY['a,b', NULL, E'\n'], 'so "so"', 'label ' || i, tstzrange('2025-01-01Z', 'infinity'), (i, i + 1)::span, i / 3.0, 'c'
FROM generate_series(1, 500) AS i;

CREATE TABLE child (
    parent integer NOT NULL REFERENCES "Odd Näme" (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    note text COLLATE "C",
    EXCLUDE USING btree (note WITH =)
);
INSERT INTO child SELECT i, 'note ' || i FROM generate_series(1, 90) AS i;

CREATE TABLE log (moment timestamptz NOT NULL, line text, PRIMARY KEY (moment)) PARTITION BY RANGE (moment);
CREATE TABLE log_2025 PARTITION OF log FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z');
CREATE TABLE log_rest PARTITION OF log DEFAULT;
INSERT INTO log SELECT '2025-12-31 23:00Z'::timestamptz + i * interval '1 minute', repeat('é', i) FROM generate_series(1, 120) AS i;

CREATE TABLE base (id integer NOT NULL, CONSTRAINT few CHECK (id < 1000) NO INHERIT);
CREATE TABLE derived (extra real) INHERITS (base);
INSERT INTO derived SELECT i, i / 7.0 FROM generate_series(1, 40) AS i;

CREATE TABLE secretive (owner_name text NOT NULL, note text);
INSERT INTO secretive SELECT 'somebody', 'note ' || i FROM generate_series(1, 7) AS i;
ALTER TABLE secretive ENABLE ROW LEVEL SECURITY;
ALTER TABLE secretive FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON secretive TO agent USING (owner_name = current_user);
GRANT SELECT (note), UPDATE (note) ON secretive TO agent;

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.label := 'touched';
    RETURN NEW;
END $$;
CREATE TRIGGER touched BEFORE UPDATE OF document ON "Odd Näme" FOR EACH ROW
WHEN (OLD.document IS DISTINCT FROM NEW.document) EXECUTE FUNCTION touch();
CREATE FUNCTION counted(OUT rows bigint) LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM public.child; END;
CREATE VIEW moods WITH (security_invoker = true) AS SELECT feeling, count(*) AS n FROM "Odd Näme" GROUP BY feeling;
CREATE MATERIALIZED VIEW sums AS SELECT sum(amount) AS total FROM "Odd Näme";
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO observer;
SELECT nextval('counter');
