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

COMMENT ON TYPE rollout_state IS
'Where the rollout of a version stands: not_started (no agent is told to run it), running (a share of its class is), paused (the
share stays as it is), completed (all are), rolled_back (those that were told are told to return).
Transitions: not_started -> running: start_rollout(); not_started -> completed: start_rollout(), an immediate one without a
gate; paused -> completed: the same; rolled_back -> completed: the same; running -> paused: pause_rollout(); paused -> running:
start_rollout();
running -> completed: advance_rollout(), the last step passed; running -> rolled_back: rollback_rollout(), or its health gate
failed; paused -> rolled_back: rollback_rollout(); completed -> running: start_rollout(); rolled_back -> running:
start_rollout().';
