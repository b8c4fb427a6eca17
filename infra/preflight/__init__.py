"""The check of a database that is there already: everything that would stop the stack later, said before it begins.

It reads and changes nothing. Facts are gathered here (`facts.py`, `queries/`), judged without a server (`checks.py`),
and shown by `make preflight` (`__main__.py`) and by the resource pgstack:postgres:Preflight.
"""
