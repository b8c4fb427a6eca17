"""PostgresInstance: where PostgreSQL runs."""

from collections.abc import Sequence

import pulumi

from infra.endpoint import ClientPrograms, Endpoint
from infra.settings import Settings
from infra.targets import embedded, external


class PostgresInstance(pulumi.ComponentResource):
    """A running PostgreSQL; `endpoint` is its most privileged login, `programs` a pg_dump and the like that fit it.

    `checked` is what has to be settled before anything else is made.
    """

    endpoint: Endpoint
    programs: ClientPrograms
    checked: Sequence[pulumi.Resource]

    def __init__(self, name: str, settings: Settings):
        super().__init__("agent-ecosystem:index:PostgresInstance", name)
        match settings.target:
            case "embedded":
                server = embedded.postgres(self, settings)
            case "docker":
                from infra.targets.docker.postgres import postgres  # noqa: PLC0415 - 0.4 s of every preview

                server = postgres(self, settings)
            case "external":
                server = external.postgres(self, settings)
        self.endpoint = server.endpoint
        self.programs = server.programs
        self.checked = server.checked
        self.register_outputs({"port": server.endpoint.port})
