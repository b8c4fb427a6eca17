"""What a service inherits of the environment it is started from."""

import os


def inherited_environment() -> dict[str, str]:
    """Return our environment without Pulumi's own variables: the passphrase of the state is none of a service's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
