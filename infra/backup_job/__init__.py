"""The backup job: dumps of one PostgreSQL database in an S3 bucket, read back before they count, and restored.

It stands alone: it imports nothing of the stack that runs it, and takes one JSON file or environment variables.
"""

__version__ = "0.1.0"
