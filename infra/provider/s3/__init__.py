"""Buckets of any S3 store."""
