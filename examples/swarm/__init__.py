"""A swarm on one database: it builds a hierarchy, works through a graph of tasks, upgrades itself, loses a worker."""
