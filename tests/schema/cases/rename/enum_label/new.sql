CREATE TYPE mood AS ENUM (
    -- renamed-from: sad
    'low',
    'ok'
);
CREATE TABLE t (m mood DEFAULT 'low');
