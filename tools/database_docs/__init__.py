"""docs/database.md and docs/database.svg, from the comments in the catalog of a live database."""
