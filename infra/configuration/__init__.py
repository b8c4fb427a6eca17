"""The keys of a stack's configuration, by what they are about; infra/settings.py reads them all."""

from pydantic import BaseModel, ConfigDict, ValidationInfo
from pydantic.alias_generators import to_camel


class Keys(BaseModel):
    """Keys that belong together: camelCase in the configuration, and no others than these."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True
    )


def only_for(targets: tuple[str, ...], have: str, info: ValidationInfo) -> None:
    """Refuse a key that would have no effect: who set it believes that it has one.

    Args:
        targets: those that the key is for.
        have: what they have, and the others have not.
        info: of the key; `target` is judged before it, and missing where it is wrong itself.
    """
    if info.data.get("target", targets[0]) not in targets:
        who = f"target {targets[0]} has" if len(targets) == 1 else f"targets {' and '.join(targets)} have"
        raise ValueError(f"only the {who} {have}, and this stack's is {info.data['target']}")
