CREATE TRIGGER choose_desired_version
BEFORE INSERT ON agent_registry
FOR EACH ROW EXECUTE FUNCTION choose_desired_version();

COMMENT ON TRIGGER choose_desired_version ON agent_registry IS 'Newcomers take part in a rollout too.';
