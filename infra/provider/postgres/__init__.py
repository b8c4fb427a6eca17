"""Resources inside one database: its schema, its seed rows, the checks run on it."""
