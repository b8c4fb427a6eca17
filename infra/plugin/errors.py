"""The three ways a handler says no."""

from collections.abc import Mapping, Sequence
from typing import Any


class UserError(Exception):
    """Something a user can mend. Its message is all the engine shows: what, where, and what to do."""


class CheckError(Exception):
    """Inputs that are refused before anything is changed.

    Args:
        failures: pairs of the property's path, e.g. `tables.agent_registry`, and the reason.
    """

    def __init__(self, failures: Sequence[tuple[str, str]]):
        self.failures = list(failures)
        super().__init__("; ".join(f"{path}: {reason}" for path, reason in self.failures))


class PartlyDoneError(Exception):
    """A create or update that stopped half way: the engine keeps `outputs`, and the next `up` finishes.

    Args:
        resource_id: the resource's id; what exists of it can be found by it.
        outputs: the state reached.
        reasons: why it stopped, for the user.
    """

    def __init__(self, resource_id: str, outputs: Mapping[str, Any], reasons: Sequence[str]):
        self.resource_id = resource_id
        self.outputs = dict(outputs)
        self.reasons = list(reasons)
        super().__init__("; ".join(self.reasons))
