CREATE FUNCTION are_version_ranges(ranges jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_typeof(ranges) = 'object' AND NOT EXISTS (
    SELECT FROM jsonb_each(CASE jsonb_typeof(ranges) WHEN 'object' THEN ranges ELSE '{}' END) AS stated (agent_class, range)
    WHERE jsonb_typeof(stated.range) <> 'string' OR semver_bounds(stated.range #>> '{}') IS NULL
);

COMMENT ON FUNCTION are_version_ranges(jsonb) IS
'Says whether a JSON object holds a range of versions for each class it names; agent_versions.compatibility is checked by it.
Arguments: ranges, {"executor": ">=1.8.0 <2.0.0"}. Result: true or false; NULL for NULL.
Errors: AE001 a range is malformed, naming the part.';

REVOKE EXECUTE ON FUNCTION are_version_ranges(jsonb) FROM public;
GRANT EXECUTE ON FUNCTION are_version_ranges(jsonb) TO service_role;
