"""The duties of the database's maintenance: which there are, and how often each is due."""

EACH_ROUND = ("mark_stale_agents", "reclaim_expired", "check_rollouts", "seal")
EACH_HOUR = ("roll_up_performance", "maintain_partitions", "prune_tasks")
FUNCTION = "maintain"
"""Does the duty it is given the name of."""
LOCK_TIMEOUT = "10s"
"""What waits longer for a lock is tried another time: others wait behind it."""
