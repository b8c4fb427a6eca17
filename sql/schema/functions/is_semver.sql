-- Numbers have at most 9 digits, those of a pre-release at most 18: they fit integer and bigint, and semver_key().
CREATE FUNCTION is_semver(version text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN version ~ (
    '^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})'
    '(-(0|[1-9][0-9]{0,17}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]{0,17}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?'
    '(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$'
);

COMMENT ON FUNCTION is_semver(text) IS
'Says whether a text is a version as semver.org 2.0.0 writes it: the rule of the domain semver.
Arguments: version. Result: true or false; NULL for NULL.
Errors: none.';

REVOKE EXECUTE ON FUNCTION is_semver(text) FROM public;
GRANT EXECUTE ON FUNCTION is_semver(text) TO agent, orchestrator, observer, service_role;
