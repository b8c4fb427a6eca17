"""The provider's own arguments: which server, as whom. What is not given comes from the PG* environment variables."""

import json
import os
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from infra.plugin import CheckError, Context, Inputs, property_path
from tools.offline_plugins.bridged import NotImplementedHere
from tools.offline_plugins.postgresql.server import Server

_ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "database": "PGDATABASE",
    "username": "PGUSER",
    "password": "PGPASSWORD",
    "superuser": "PGSUPERUSER",
    "sslmode": "PGSSLMODE",
    "connectTimeout": "PGCONNECT_TIMEOUT",
}
_ENGINE_OWN = ("version", "pluginDownloadURL", "pluginChecksums")
"""What the engine adds to the arguments of every provider."""


class ClientCertificate(Inputs):
    """Paths of a TLS client certificate and its key, in PEM."""

    cert: str
    key: str
    sslinline: Literal[False] = False


class ProviderArguments(Inputs):
    """The arguments of `pulumi_postgresql.Provider`; numbers, booleans and objects may also arrive as JSON text."""

    scheme: Literal["postgres"] = "postgres"
    host: str = Field(min_length=1)
    port: int = Field(5432, ge=1, le=65535)
    database: str = "postgres"
    username: str = "postgres"
    password: str = ""
    database_username: str = ""
    superuser: bool = True
    # Like the official plugin, which asks for TLS unless told otherwise: a program tried here must work there.
    sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = "require"
    sslrootcert: str = ""
    clientcert: ClientCertificate | None = None
    connect_timeout: int = Field(180, ge=-1)
    max_connections: int = Field(20, ge=-1)
    expected_version: str = ""
    """Spares the official plugin a query for the server's version; nothing here depends on it."""
    ssl_mode: NotImplementedHere = None
    aws_rds_iam_auth: NotImplementedHere = None
    aws_rds_iam_profile: NotImplementedHere = None
    aws_rds_iam_provider_role_arn: NotImplementedHere = None
    aws_rds_iam_region: NotImplementedHere = None
    azure_identity_auth: NotImplementedHere = None
    azure_tenant_id: NotImplementedHere = None
    gcp_iam_impersonate_service_account: NotImplementedHere = None

    @field_validator("clientcert", mode="before")
    @classmethod
    def _from_json(cls, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value


def configure(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Turn the provider's arguments into what `server_of` finds.

    Raises:
        CheckError: an argument is missing, wrong or not implemented.
    """
    given = {
        name: value
        for name, value in arguments.items()
        if value is not None and name not in _ENGINE_OWN and not name.startswith("__")
    }
    surrounding = {name: os.environ[variable] for name, variable in _ENVIRONMENT.items() if os.environ.get(variable)}
    try:
        typed = ProviderArguments.model_validate({**surrounding, **given})
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise CheckError([(property_path(detail["loc"]), detail["msg"]) for detail in details]) from None
    return {"server": _server(typed)}


def server_of(context: Context) -> Server:
    """Return the server this provider was configured with."""
    server = context.config["server"]
    assert isinstance(server, Server)  # noqa: S101 - `configure` is the only source
    return server


def _server(arguments: ProviderArguments) -> Server:
    parameters: dict[str, str | int] = {
        "host": arguments.host,
        "port": arguments.port,
        "user": arguments.username,
        "password": arguments.password,
        "sslmode": arguments.sslmode,
        "connect_timeout": max(arguments.connect_timeout, 0),
        "application_name": "pulumi-resource-postgresql",
    }
    if arguments.sslrootcert:
        parameters["sslrootcert"] = arguments.sslrootcert
    if arguments.clientcert:
        parameters |= {"sslcert": arguments.clientcert.cert, "sslkey": arguments.clientcert.key}
    return Server(
        parameters,
        database=arguments.database,
        user=arguments.database_username or arguments.username,
        superuser=arguments.superuser,
        max_connections=arguments.max_connections,
    )
