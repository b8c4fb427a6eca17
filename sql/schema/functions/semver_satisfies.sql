-- PostgreSQL inlines it: a constant range is parsed once a query, a stored semver_bounds() never again.
CREATE FUNCTION semver_satisfies(version text, range text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN width_bucket(semver_key(version) COLLATE "C", semver_bounds(range)) % 2 = 1;

COMMENT ON FUNCTION semver_satisfies(text, text) IS
'Says whether a version is in a range.
Arguments: version, a well-formed semver; range, as semver_bounds() takes it. Result: true or false; NULL if one is NULL.
Errors: AE001 the range is malformed.';

REVOKE EXECUTE ON FUNCTION semver_satisfies(text, text) FROM public;
GRANT EXECUTE ON FUNCTION semver_satisfies(text, text) TO agent, orchestrator, observer, service_role;
