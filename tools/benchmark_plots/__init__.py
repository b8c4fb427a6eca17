"""Pictures of docs/benchmarks.md, drawn from its tables: what it says and what it shows are the same numbers."""
