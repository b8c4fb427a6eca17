"""A killed engine may leave its last save of the state half written; the save before it lies beside."""

import json
import shutil
from pathlib import Path

from tools.bootstrap.dead_locks import backend_folder
from tools.bootstrap.progress import say


def recover_checkpoint(backend_url: str, project: str, stack: str) -> None:
    """Put back the stack's state where its file, or the file with its attributes, can not be read.

    Pulumi replaces the state itself in one go, but not the attributes beside it: a kill in that moment leaves them
    empty, and every command then ends with "failed to load checkpoint: EOF".
    """
    root = backend_folder(backend_url)
    if root is None:
        return
    state = root / "stacks" / project / f"{stack}.json"
    for file in (state, state.with_name(f"{state.name}.bak")):
        attributes = file.with_name(f"{file.name}.attrs")
        if attributes.exists() and not _readable(attributes):
            attributes.unlink()  # only content types and a checksum, which Pulumi does without
            say(f"The last run was killed while it saved the state of {stack}: repaired.")
    previous = state.with_name(f"{state.name}.bak")
    if state.exists() and not _readable(state) and _readable(previous):
        shutil.copy2(previous, state)
        say(f"The last run was killed while it saved the state of {stack}: the save before it counts.")


def _readable(file: Path) -> bool:
    try:
        json.loads(file.read_text())
    except (OSError, ValueError):
        return False
    return True
