"""From a bare checkout to a running stack: the Python environment, Pulumi, its plugins, the shell, the stack itself.

`run` finds a Python and starts `python -m tools.bootstrap`, which needs the standard library alone: it makes the
virtual environment and hands over to `commands`, inside it.
"""
