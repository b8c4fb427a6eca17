"""`python -m infra.provider.schema`: plan, apply, drift and dump against any PostgreSQL, without Pulumi."""

import gc
import sys

gc.disable()  # modules are no garbage: looking for some while they load takes a tenth of the start

from infra.provider.schema.command_line import main  # noqa: E402 - only now

gc.freeze()
gc.enable()

if __name__ == "__main__":
    sys.exit(main())
