CREATE TYPE communication_protocol AS ENUM (
    'realtime', 'pg_notify', 'http', 'websocket', 'grpc', 'mcp', 'a2a'
);

COMMENT ON TYPE communication_protocol IS
'How two agents talk: a Supabase Realtime channel, LISTEN/NOTIFY, HTTP, WebSocket, gRPC, '
'Model Context Protocol, Agent2Agent.';

CREATE TYPE connection_state AS ENUM ('pending', 'connected', 'degraded', 'disconnected');

COMMENT ON TYPE connection_state IS
'State of the link between a parent and a child: pending (not made yet), connected (up), degraded (up with errors),
disconnected (down).';

CREATE TYPE reparent_policy AS ENUM ('to_grandparent', 'orphan', 'drain');

COMMENT ON TYPE reparent_policy IS
'What becomes of a child whose parent is gone: it moves to the parent''s parent, it stands alone, or it drains.';
