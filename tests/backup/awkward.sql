-- What dumps and restores get wrong.
CREATE TYPE mood AS ENUM ('fine', 'so "so"', 'schlecht ü');
CREATE DOMAIN short_text AS text CHECK (length(value) < 20);
CREATE SEQUENCE counter START 41;

CREATE FUNCTION near(a vector, b vector) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = public, extensions, pg_temp
AS $$ SELECT (a <-> b) < 100 $$;

CREATE TABLE "Odd Näme" (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    embedding vector(3) CHECK (near(embedding, '[0,0,0]')),
    document jsonb NOT NULL DEFAULT '{}',
    raw bytea,
    labels text[] NOT NULL DEFAULT '{}',
    feeling mood,
    label short_text,
    span tstzrange,
    amount numeric(30, 10),
    doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,
    number bigint GENERATED ALWAYS AS IDENTITY
);
COMMENT ON TABLE "Odd Näme" IS 'It''s odd; \restrict is no command here';
CREATE INDEX odd_embedding ON "Odd Näme" USING hnsw (embedding vector_l2_ops);
CREATE INDEX odd_label ON "Odd Näme" USING gin (label gin_trgm_ops);

INSERT INTO "Odd Näme" (embedding, document, raw, labels, feeling, label, span, amount)
SELECT
    ARRAY[i, i / 2.0, -i]::vector, jsonb_build_object('n', i, 'text', E'tab\there "quoted" \\ back \u00e9'),
    decode(repeat('00ff5c', i), 'hex'), ARRAY['a,b', NULL, E'\n'], 'so "so"', 'label ' || i,
    tstzrange(now(), 'infinity'), i / 3.0
FROM generate_series(1, 50) AS i;

CREATE TABLE log (moment timestamptz NOT NULL, line text, PRIMARY KEY (moment)) PARTITION BY RANGE (moment);
CREATE TABLE log_2025 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE log_rest PARTITION OF log DEFAULT;
INSERT INTO log SELECT '2025-12-31 23:00+00'::timestamptz + i * interval '1 minute', repeat('é', i) FROM generate_series(1, 120) AS i;

CREATE TABLE secretive (owner_name text NOT NULL, note text);
INSERT INTO secretive SELECT 'somebody', 'note ' || i FROM generate_series(1, 7) AS i;
ALTER TABLE secretive ENABLE ROW LEVEL SECURITY;
ALTER TABLE secretive FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON secretive TO agent USING (owner_name = current_user);
GRANT SELECT ON secretive TO agent;

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SET search_path = public, extensions, pg_temp AS $$
BEGIN
    /*
\restrict x
CREATE SCHEMA extensions;
    */
    NEW.label := 'touched';
    RETURN NEW;
END $$;
CREATE TRIGGER touched BEFORE UPDATE ON "Odd Näme" FOR EACH ROW
WHEN (OLD.embedding OPERATOR(extensions.<>) NEW.embedding) EXECUTE FUNCTION touch();
CREATE VIEW moods AS SELECT feeling, count(*) AS n FROM "Odd Näme" GROUP BY feeling;
SELECT nextval('counter');
