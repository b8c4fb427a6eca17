CREATE FUNCTION require_version(agent_class text, version text) RETURNS agent_versions
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    release agent_versions;
BEGIN
    SELECT known.*
    INTO release
    FROM agent_versions AS known
    WHERE known.agent_class = require_version.agent_class AND known.version = require_version.version;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no version % of class %',
            quote_nullable(require_version.version), quote_nullable(require_version.agent_class)
            USING ERRCODE = 'AE401',
                DETAIL = 'agent_versions has no row with this agent_class and version.',
                HINT = 'Insert the release into agent_versions first.';
    END IF;
    RETURN release;
END
$$;

COMMENT ON FUNCTION require_version(text, text) IS
'The release of a class, for the functions that need it to be there.
Arguments: agent_class, version. Result: its row of agent_versions.
Errors: AE401 there is no such version.';

REVOKE EXECUTE ON FUNCTION require_version(text, text) FROM public;
GRANT EXECUTE ON FUNCTION require_version(text, text) TO service_role;
