CREATE TRIGGER refuse_hierarchy_cycle
BEFORE INSERT OR UPDATE OF parent_agent_id, child_agent_id ON agent_hierarchy
FOR EACH ROW EXECUTE FUNCTION refuse_hierarchy_cycle();

CREATE TRIGGER note_transition
BEFORE UPDATE OF connection_state ON agent_hierarchy
FOR EACH ROW WHEN (old.connection_state IS DISTINCT FROM new.connection_state)
EXECUTE FUNCTION note_transition();

COMMENT ON TRIGGER refuse_hierarchy_cycle ON agent_hierarchy IS 'No agent ever leads itself, at whatever distance.';
COMMENT ON TRIGGER note_transition ON agent_hierarchy IS 'Every change of a link''s state is on record, whoever makes it.';
