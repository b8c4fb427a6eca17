CREATE FUNCTION realtime_policy(action text) RETURNS name
LANGUAGE sql STABLE
RETURN (
    'ecosystem_' || action || '_'
    || CASE WHEN octet_length(current_schema()) > 40 THEN md5(current_schema()) ELSE current_schema() END
)::name;

COMMENT ON FUNCTION realtime_policy(text) IS
'The name of a policy that connect_realtime() makes on realtime.messages. Each schema has its own; a long name would be cut off, and
no longer be known again, so a digest stands for it.
Arguments: action, subscribe or publish. Result: the name.
Errors: none.';

REVOKE EXECUTE ON FUNCTION realtime_policy(text) FROM public;
