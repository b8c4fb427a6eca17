"""Which process a number means: the system gives numbers again, and the clock may be set meanwhile.

A start time in seconds since 1970 is no identity: Linux derives it from the time of boot, which it derives from a clock
that is corrected all the time, so that two looks at one process can be a second apart.
"""

from pathlib import Path

import psutil

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_FIELDS_AFTER_NAME_UNTIL_START = 19


def birth_mark(pid: int) -> str:
    """Return letters and digits that no other process of this number has, had or will have.

    Raises:
        psutil.NoSuchProcess: there is none of this number.
    """
    try:
        # proc_pid_stat(5): the name in parentheses may hold anything; the 22nd field is the start in ticks since boot.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return _BOOT.read_text().strip().replace("-", "") + fields[_FIELDS_AFTER_NAME_UNTIL_START]
    except (FileNotFoundError, ProcessLookupError):  # gone, or a system without /proc
        return str(round(psutil.Process(pid).create_time() * 100))
