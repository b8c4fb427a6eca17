"""`protect`: the engine refuses to delete or replace what holds data, whichever component made it."""

import pulumi
from pulumi.runtime import register_stack_transformation

HOLDS_DATA = frozenset(
    {
        "pgstack:local:Service",
        "pgstack:postgres:Schema",
        "pgstack:s3:Bucket",
        "postgresql:index/database:Database",
        "docker:index/volume:Volume",
    }
)
"""Types whose end is the end of data. Roles, passwords, seed rows and the schedule can be made again."""


def protect_data() -> None:
    """Protect every resource of this program that holds data; called before the first is made."""
    register_stack_transformation(_protected)


def _protected(
    arguments: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    if arguments.type_ not in HOLDS_DATA or arguments.props.get("kind") == "program":
        return None
    options = pulumi.ResourceOptions.merge(arguments.opts, pulumi.ResourceOptions(protect=True))
    return pulumi.ResourceTransformationResult(arguments.props, options)
