CREATE DOMAIN semver AS text
CONSTRAINT semver_is_well_formed CHECK (is_semver(value));

COMMENT ON DOMAIN semver IS
'A version as semver.org 2.0.0 writes it, e.g. 2.1.0 or 2.1.0-rc.1; its numbers have at most 9 digits, '
'those of a pre-release at most 18. Order versions by semver_key(), not as text.';

CREATE TYPE release_type AS ENUM ('stable', 'candidate', 'beta', 'alpha');

COMMENT ON TYPE release_type IS 'How mature a release is. A stable one has no pre-release part in its version.';

CREATE TYPE deployment_strategy AS ENUM ('immediate', 'rolling', 'canary', 'blue_green');

COMMENT ON TYPE deployment_strategy IS
'How a version reaches its agents: all at once, in equal steps, a small share first, or a second fleet that takes over.';

CREATE TYPE rollout_state AS ENUM ('not_started', 'running', 'paused', 'completed', 'rolled_back');

COMMENT ON TYPE rollout_state IS 'Where the rollout of a version stands.';
