CREATE SCHEMA IF NOT EXISTS pgstack;
COMMENT ON SCHEMA pgstack IS 'What the tool that manages schemas of this database remembers about them';
CREATE TABLE IF NOT EXISTS pgstack.managed_schema (
    schema_name text PRIMARY KEY,
    fingerprint text NOT NULL,
    applied_at timestamptz NOT NULL,
    tool_version text NOT NULL,
    made_by_us boolean NOT NULL
);
COMMENT ON TABLE pgstack.managed_schema IS
    'One row for each managed schema: the fingerprint of what was applied last, when, by which version of the tool, and whether the tool made the schema itself';
CREATE TABLE IF NOT EXISTS pgstack.managed_object (
    schema_name text NOT NULL REFERENCES pgstack.managed_schema ON DELETE CASCADE,
    kind text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (schema_name, kind, name)
);
COMMENT ON TABLE pgstack.managed_object IS
    'The objects of each managed schema that the tool made or adopted; whatever else is in the schema belongs to someone else';
CREATE TABLE IF NOT EXISTS pgstack.apply_progress (
    schema_name text PRIMARY KEY REFERENCES pgstack.managed_schema ON DELETE CASCADE,
    fingerprint text NOT NULL,
    phases_done integer NOT NULL,
    phases integer NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE pgstack.apply_progress IS
    'One row for each managed schema whose update stands between two phases: the fingerprint of what it is to become; the next update finishes it';
