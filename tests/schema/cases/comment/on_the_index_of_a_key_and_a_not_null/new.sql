CREATE TABLE users (
    id int PRIMARY KEY,
    name text CONSTRAINT users_are_named NOT NULL UNIQUE,
    age int NOT NULL,
    mail text NOT NULL
);
COMMENT ON INDEX users_pkey IS 'keys';
COMMENT ON CONSTRAINT users_pkey ON users IS 'who is who';
COMMENT ON CONSTRAINT users_are_named ON users IS 'nameless users are turned away';
COMMENT ON CONSTRAINT users_age_not_null ON users IS 'known of all';
COMMENT ON CONSTRAINT users_mail_not_null ON users IS 'for the letters';
