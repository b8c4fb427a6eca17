"""What a schema consists of, as immutable values that compare, sort and turn into plain JSON and back.

Every text that PostgreSQL wrote (a type, an expression, a definition) was printed under the search path of
`introspect`, so two equal schemas hold equal strings. A field equal to its default is left out of the JSON.
"""

from infra.provider.schema.model.catalog import TOP_LEVEL, Catalog, fingerprint
from infra.provider.schema.model.extensions import MANAGED, Extension
from infra.provider.schema.model.functions import Function
from infra.provider.schema.model.names import DefaultGrants, Grants, ObjectId, Rename, Unsupported
from infra.provider.schema.model.publications import Publication
from infra.provider.schema.model.relations import (
    Column,
    Constraint,
    Identity,
    Index,
    Partition,
    Policy,
    RowSecurity,
    Share,
    Table,
    Trigger,
    View,
    plain,
)
from infra.provider.schema.model.schemas import Schema
from infra.provider.schema.model.sequences import Sequence, SequenceSettings
from infra.provider.schema.model.types import Composite, Domain, EnumType
from infra.provider.schema.model.wholes import WHOLE, Whole

__all__ = [
    "MANAGED",
    "TOP_LEVEL",
    "WHOLE",
    "Catalog",
    "Column",
    "Composite",
    "Constraint",
    "DefaultGrants",
    "Domain",
    "EnumType",
    "Extension",
    "Function",
    "Grants",
    "Identity",
    "Index",
    "ObjectId",
    "Partition",
    "Policy",
    "Publication",
    "Rename",
    "RowSecurity",
    "Schema",
    "Sequence",
    "SequenceSettings",
    "Share",
    "Table",
    "Trigger",
    "Unsupported",
    "View",
    "Whole",
    "fingerprint",
    "plain",
]
