"""Language hosts that a killed engine left behind: unlike our plugins, they do not notice that it is gone."""

import contextlib

import psutil

from tools.bootstrap.checkout import Checkout

HOST = "pulumi-language-"


def end_orphans(checkout: Checkout) -> list[int]:
    """End the language hosts, and their programs, that run for `checkout` without an engine; return their ids."""
    orphans = [process for process in psutil.process_iter() if _is_orphan(process, checkout)]
    family = [member for orphan in orphans for member in _family(orphan)]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=5)
    return [process.pid for process in family]


def _is_orphan(process: psutil.Process, checkout: Checkout) -> bool:
    try:
        if not any(HOST in word for word in process.cmdline()[:2]) or process.cwd() != str(checkout.root):
            return False
        parent = process.parent()
        return parent is None or parent.pid == 1 or parent.name() not in {"pulumi", "pulumi-language-python"}
    except psutil.Error:
        return False


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
