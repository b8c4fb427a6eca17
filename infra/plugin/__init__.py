"""What every provider plugin of this project is made of: Pulumi's provider protocol, spoken once.

A plugin is a list of `Resource` handlers given to `serve`. The handlers see plain Python values; secrets, unknowns,
property paths, view steps and gRPC live here. pgstack and the offline plugins are both built on it.
"""

from infra.plugin.diff import Diff, PropertyChange, compare, property_path, same
from infra.plugin.errors import CheckError, PartlyDoneError, UserError
from infra.plugin.resource import Context, Inputs, Resource
from infra.plugin.server import Plugin, serve
from infra.plugin.values import UNKNOWN, Secret, Unknown, has_unknown
from infra.plugin.views import ViewStep

__all__ = [
    "UNKNOWN",
    "CheckError",
    "Context",
    "Diff",
    "Inputs",
    "PartlyDoneError",
    "Plugin",
    "PropertyChange",
    "Resource",
    "Secret",
    "Unknown",
    "UserError",
    "ViewStep",
    "compare",
    "has_unknown",
    "property_path",
    "same",
    "serve",
]
