-- What a column may hold is its domain, not a CHECK of its table: of a table's CHECKs PostgreSQL reads each one's expression
-- anew for every statement that updates it, whatever it sets, a domain's where a value is given (docs/adr/0039).
CREATE DOMAIN agent_name AS text
CONSTRAINT agent_name_is_well_formed CHECK (length(value) <= 200 AND value ~ '^[A-Za-z0-9][A-Za-z0-9._:/-]*$');

COMMENT ON DOMAIN agent_name IS
'An agent''s stable name: a letter or digit, then letters, digits and . _ : / -, 200 at most.';

CREATE DOMAIN agent_class_name AS text
CONSTRAINT agent_class_name_is_well_formed CHECK (length(value) <= 63 AND value ~ '^[a-z][a-z0-9-]*$');

COMMENT ON DOMAIN agent_class_name IS
'A kind of agent, e.g. executor: a lower-case letter, then lower-case letters, digits and -, 63 at most.';

CREATE DOMAIN task_type_name AS text
CONSTRAINT task_type_name_is_well_formed CHECK (length(value) BETWEEN 1 AND 200);

COMMENT ON DOMAIN task_type_name IS 'What a task is, in the words of those who do it: 1 to 200 characters.';

CREATE DOMAIN name_list AS text[]
CONSTRAINT name_list_has_no_null CHECK (array_position(value, NULL) IS NULL);

COMMENT ON DOMAIN name_list IS 'Names, none of them NULL.';

CREATE DOMAIN jsonb_object AS jsonb
CONSTRAINT jsonb_object_is_object CHECK (jsonb_typeof(value) = 'object');

COMMENT ON DOMAIN jsonb_object IS 'A JSON object.';

CREATE DOMAIN jsonb_array AS jsonb
CONSTRAINT jsonb_array_is_array CHECK (jsonb_typeof(value) = 'array');

COMMENT ON DOMAIN jsonb_array IS 'A JSON array.';

CREATE DOMAIN natural_number AS integer
CONSTRAINT natural_number_not_negative CHECK (value >= 0);

COMMENT ON DOMAIN natural_number IS 'A whole number, 0 or more.';

CREATE DOMAIN positive_number AS integer
CONSTRAINT positive_number_positive CHECK (value > 0);

COMMENT ON DOMAIN positive_number IS 'A whole number, 1 or more.';

CREATE DOMAIN duration AS interval
CONSTRAINT duration_not_negative CHECK (value >= interval '0');

COMMENT ON DOMAIN duration IS 'A length of time, 0 or more.';
