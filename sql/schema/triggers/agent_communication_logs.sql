CREATE TRIGGER hash_payload
BEFORE INSERT ON agent_communication_logs
FOR EACH ROW EXECUTE FUNCTION hash_payload();

CREATE TRIGGER refuse_log_change
BEFORE UPDATE OR DELETE ON agent_communication_logs
FOR EACH ROW EXECUTE FUNCTION refuse_log_change();

CREATE TRIGGER refuse_log_truncate
BEFORE TRUNCATE ON agent_communication_logs
FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change();

-- Triggers for rows are cloned to partitions, those for statements are not.
CREATE TRIGGER refuse_log_truncate
BEFORE TRUNCATE ON agent_communication_logs_default
FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change();

COMMENT ON TRIGGER hash_payload ON agent_communication_logs IS 'The hash is the database''s, not the writer''s.';
COMMENT ON TRIGGER refuse_log_change ON agent_communication_logs IS 'Append-only, row by row.';
COMMENT ON TRIGGER refuse_log_truncate ON agent_communication_logs IS 'Append-only, as a whole.';
COMMENT ON TRIGGER refuse_log_truncate ON agent_communication_logs_default IS 'Append-only, this partition as a whole.';
