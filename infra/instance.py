"""PostgresInstance: where PostgreSQL runs."""

import pulumi

from infra.endpoint import ClientPrograms, Endpoint
from infra.settings import Settings
from infra.targets import embedded


class PostgresInstance(pulumi.ComponentResource):
    """A running PostgreSQL; `endpoint` is its superuser, `programs` its own pg_dump and the like."""

    endpoint: Endpoint
    programs: ClientPrograms

    def __init__(self, name: str, settings: Settings):
        super().__init__("agent-ecosystem:index:PostgresInstance", name)
        match settings.target:
            case "embedded":
                server = embedded.postgres(self, settings)
        self.endpoint = server.endpoint
        self.programs = server.programs
        self.register_outputs({"port": server.endpoint.port})
