"""Everything as containers of this machine's Docker engine: one module a part, imported by its `match` arm alone."""
