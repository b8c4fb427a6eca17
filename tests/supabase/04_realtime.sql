-- Broadcast from the database: messages are partitioned by day, and policies on them say who may listen.
CREATE PUBLICATION supabase_realtime;
ALTER PUBLICATION supabase_realtime OWNER TO postgres;

CREATE TABLE realtime.messages (
    id uuid DEFAULT gen_random_uuid(),
    topic text NOT NULL,
    extension text NOT NULL,
    payload jsonb,
    event text,
    private boolean DEFAULT FALSE,
    inserted_at timestamp NOT NULL DEFAULT now(),
    updated_at timestamp NOT NULL DEFAULT now(),
    PRIMARY KEY (id, inserted_at)
) PARTITION BY RANGE (inserted_at);
ALTER TABLE realtime.messages OWNER TO supabase_realtime_admin;
ALTER TABLE realtime.messages ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE ON realtime.messages TO postgres, anon, authenticated, service_role;

CREATE FUNCTION realtime.topic() RETURNS text LANGUAGE sql STABLE
RETURN nullif(current_setting('realtime.topic', TRUE), '');

-- What it can not deliver it reports as a warning, never as an error.
CREATE FUNCTION realtime.send(payload jsonb, event text, topic text, private boolean DEFAULT TRUE) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('realtime.topic', topic, TRUE);
    INSERT INTO realtime.messages (payload, event, topic, private, extension)
    VALUES (send.payload, send.event, send.topic, send.private, 'broadcast');
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'realtime: %', SQLERRM;
END
$$;
