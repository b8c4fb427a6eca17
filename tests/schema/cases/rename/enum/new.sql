-- renamed-from: mood
CREATE TYPE feeling AS ENUM ('sad', 'ok');
CREATE TABLE t (m feeling DEFAULT 'sad', ms feeling[]);
CREATE FUNCTION f(m feeling) RETURNS feeling LANGUAGE sql AS $$ SELECT m $$;
