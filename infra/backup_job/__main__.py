"""`python -m infra.backup_job`."""

import sys

from infra.backup_job.command_line import main

sys.exit(main())
