CREATE FUNCTION gather(state text[], item text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$ SELECT state || item $$;
CREATE AGGREGATE listed(ORDER BY item text) (SFUNC = gather, STYPE = text[], INITCOND = '{}');
COMMENT ON AGGREGATE listed(ORDER BY item text) IS 'in order';
