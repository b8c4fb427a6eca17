"""`python -m infra.backup_job`."""

import gc
import sys

gc.disable()  # modules are no garbage: looking for some while they load takes a tenth of the start

from infra.backup_job.command_line import main  # noqa: E402

gc.freeze()
gc.enable()
sys.exit(main())
