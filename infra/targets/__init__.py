"""Where the parts of a stack run: one module a target, used by instance.py, storage.py and backup.py alone."""
