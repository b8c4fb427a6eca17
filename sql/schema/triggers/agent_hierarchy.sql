CREATE TRIGGER refuse_hierarchy_cycle
BEFORE INSERT OR UPDATE OF parent_agent_id, child_agent_id ON agent_hierarchy
FOR EACH ROW EXECUTE FUNCTION refuse_hierarchy_cycle();

COMMENT ON TRIGGER refuse_hierarchy_cycle ON agent_hierarchy IS 'No agent ever leads itself, at whatever distance.';
