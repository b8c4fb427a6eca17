-- noqa: disable=LT02
-- Numbers are padded with zeros, identifiers are parted by a character below all that a version may contain, numeric
-- ones start with one lower still, and a release ends in the highest: byte order is then semver.org's precedence.
CREATE FUNCTION semver_key(version text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN
    lpad(substring(version FROM '^([0-9]+)'), 9, '0')
    || lpad(substring(version FROM '^[0-9]+\.([0-9]+)'), 9, '0')
    || lpad(substring(version FROM '^[0-9]+\.[0-9]+\.([0-9]+)'), 9, '0')
    || coalesce(
        translate(
            regexp_replace(
                regexp_replace(
                    substring(version FROM '^[0-9.]+-([^+]+)'),
                    '(^|\.)([0-9]+)(?=\.|$)', '\1 000000000000000000\2', 'g'
                ),
                ' 0*([0-9]{18})(?=\.|$)', ' \1', 'g'
            ),
            '.', '!'
        ),
        '~'
    );

COMMENT ON FUNCTION semver_key(text) IS
'Sort key of a semantic version: compared bytewise (COLLATE "C"), keys order as semver.org says, pre-releases included.
Arguments: version, a well-formed semver. Result: the key; NULL for NULL. Build metadata does not count.
Errors: none.';

REVOKE EXECUTE ON FUNCTION semver_key(text) FROM public;
GRANT EXECUTE ON FUNCTION semver_key(text) TO agent, orchestrator, observer, service_role;
