CREATE TABLE t (
    -- renamed-from: mail
    email text
);
