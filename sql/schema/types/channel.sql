CREATE TYPE channel_type AS ENUM ('broadcast', 'presence', 'postgres_changes');

COMMENT ON TYPE channel_type IS
'The kinds of channel Supabase Realtime has: messages between clients, who is there, changes of rows.';
