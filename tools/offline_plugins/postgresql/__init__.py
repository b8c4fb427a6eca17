"""The stand-in for Pulumi's `postgresql` plugin: roles, databases, schemas and extensions of a PostgreSQL server."""
