"""`python -m infra.provider.schema`: plan, apply, drift and dump against any PostgreSQL, without Pulumi."""

import sys

from infra.provider.schema.command_line import main

if __name__ == "__main__":
    sys.exit(main())
