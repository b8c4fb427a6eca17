"""pgstack, the project's own Pulumi provider: schemas, seeds, verification, buckets and local services."""
