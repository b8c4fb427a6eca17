CREATE TABLE users (
    id int PRIMARY KEY,
    name text CONSTRAINT users_are_named NOT NULL UNIQUE,
    age int NOT NULL
);
COMMENT ON INDEX users_name_key IS 'names';
COMMENT ON CONSTRAINT users_are_named ON users IS 'a name is a must';
