CREATE TYPE task_status AS ENUM ('blocked', 'ready', 'leased', 'succeeded', 'dead_letter', 'cancelled');

COMMENT ON TYPE task_status IS
'Life of a task: blocked (waits for other tasks), ready (may be claimed from run_at on), leased (an agent works on it), '
'and the three ends: succeeded (done, once), dead_letter (its attempts are used up, or it cannot be done), cancelled (called off).
Transitions: blocked -> ready: the last dependency ended; blocked -> cancelled: cancel_tasks(), or a dependency did not succeed;
ready -> leased: claim_tasks(); ready -> cancelled: cancel_tasks(); ready -> dead_letter: meant for an agent that deregistered;
leased -> succeeded: complete_tasks(); leased -> ready: fail_tasks() after a pause, the lease expired, the agent is gone, or
delegate_tasks(); leased -> dead_letter: failed or expired with its attempts used up; leased -> cancelled: cancel_tasks().';

CREATE TYPE delegation_strategy AS ENUM ('capability', 'direct', 'least_loaded', 'round_robin', 'broadcast');

COMMENT ON TYPE delegation_strategy IS
'Who gets a task. capability: whichever agent with the required class, version and capabilities claims it first; '
'direct: the named agent alone; least_loaded, round_robin: of those agents the one with the most room, or the next in turn, '
'chosen when the task is enqueued, and any of them once that one is gone; broadcast: each of them gets a task of its own.';

CREATE TYPE dependency_failure_policy AS ENUM ('cancel', 'proceed');

COMMENT ON TYPE dependency_failure_policy IS
'What a task wants when one it depends on does not succeed: to be cancelled too, or to run all the same.';
