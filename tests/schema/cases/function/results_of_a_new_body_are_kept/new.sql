CREATE FUNCTION folded(a text) RETURNS text LANGUAGE sql IMMUTABLE RETURN upper(a);
CREATE FUNCTION key_of(a text) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'k' || folded(a);
CREATE FUNCTION is_short(a text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT length(a) < 5';
CREATE FUNCTION unused(a text) RETURNS text LANGUAGE sql IMMUTABLE RETURN a || '';
CREATE DOMAIN short AS text CHECK (is_short(value));
CREATE TABLE t (
    a text CONSTRAINT a_is_short CHECK (is_short(a)),
    b short,
    c text GENERATED ALWAYS AS (folded(a)) STORED,
    d text DEFAULT folded('D')
);
CREATE INDEX t_key ON t (key_of(a));
CREATE VIEW v AS SELECT folded(a) AS f FROM t;
