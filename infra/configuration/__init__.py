"""The keys of a stack's configuration, by what they are about; infra/settings.py reads them all."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Keys(BaseModel):
    """Keys that belong together: camelCase in the configuration, and no others than these."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True
    )
