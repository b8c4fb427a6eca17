CREATE TABLE renamed (name text NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid());

CREATE TABLE becomes_not_null (name text NOT NULL, id uuid NOT NULL);

CREATE TABLE kept (
    id text CONSTRAINT kept_id_is_there NOT NULL,
    name text CONSTRAINT kept_id_not_null NOT NULL DEFAULT '',
    other text,
    more text CONSTRAINT theirs NOT NULL DEFAULT '',
    last int CONSTRAINT gone NOT NULL DEFAULT 1
);
