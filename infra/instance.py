"""PostgresInstance: where PostgreSQL runs."""

import pulumi

from infra.endpoint import ClientPrograms, Endpoint
from infra.resources import Service
from infra.settings import Settings


class PostgresInstance(pulumi.ComponentResource):
    """A running PostgreSQL; `endpoint` is its superuser, `programs` its own pg_dump and the like."""

    endpoint: Endpoint
    programs: ClientPrograms

    def __init__(self, name: str, settings: Settings):
        super().__init__("agent-ecosystem:index:PostgresInstance", name)
        service = Service(
            "postgres",
            kind="postgresql",
            folder=settings.postgres_folder(),
            port=settings.postgres_port,
            settings=settings.postgres_settings,
            opts=pulumi.ResourceOptions(parent=self),
        )
        credentials = service.credentials
        self.endpoint = Endpoint(
            host="127.0.0.1",
            port=service.port,
            user=credentials.apply(lambda c: c["user"]),
            password=pulumi.Output.secret(credentials.apply(lambda c: c["password"])),
            database="postgres",
            goes_with=service,
        )
        self.programs = ClientPrograms(
            folder=service.details.apply(lambda d: d["programs"]),
            library_path=service.details.apply(lambda d: d["libraries"]),
        )
        self.register_outputs({"port": service.port})
