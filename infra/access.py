"""DatabaseAccess: the database, its roles, the schema `extensions` and the extensions in it."""

from collections.abc import Mapping
from dataclasses import replace

import pulumi
import pulumi_postgresql as postgresql

from infra.endpoint import Endpoint
from infra.external_settings import backup_database
from infra.resources import Password, Preparation
from infra.roles import BACKUP, EXTENSION_SCHEMA, EXTENSIONS, GROUPS, OWNER, READER_IS_IN, login_beside
from infra.settings import Settings


class DatabaseAccess(pulumi.ComponentResource):
    """A database ready for the schema; `owner` owns it, `backup_reader` reads all of it.

    On a server of our own everything is made. On one that outlives the stack the database is the one the login names,
    the login its owner, and only what is missing is made: docs/adr/0022-prepare-what-is-missing.md.
    """

    owner: Endpoint
    backup_reader: Endpoint

    def __init__(self, name: str, instance: Endpoint, settings: Settings):
        super().__init__("agent-ecosystem:index:DatabaseAccess", name)
        self._goes_with = instance.goes_with
        make = self._prepare if instance.goes_with is None else self._make
        self.register_outputs({"database": make(instance, settings)})

    def _prepare(self, instance: Endpoint, settings: Settings) -> pulumi.Output[str]:
        given = backup_database(settings)
        password = self._password(BACKUP, settings) if settings.backups and given is None else None
        preparation = Preparation(
            "preparation",
            url=instance.url,
            schema_name=settings.schema_name,
            groups=GROUPS,
            extensions=EXTENSIONS,
            extensions_schema=EXTENSION_SCHEMA,
            backup_role=BACKUP if password is not None else "",
            backup_password=password,
            drop_on_delete=settings.drop_on_destroy,
            opts=pulumi.ResourceOptions(parent=self),
        )
        ready = pulumi.Output.all(instance.database, preparation.made)
        database: pulumi.Output[str] = ready.apply(lambda parts: str(parts[0]))
        self.owner = replace(instance, database=database)
        if given is not None:
            self.backup_reader = Endpoint.at(given, ready.apply(lambda _: given.database))
        elif password is not None:
            user = login_beside(str(instance.user), str(instance.host), BACKUP)
            self.backup_reader = replace(self.owner, user=user, password=password, role=BACKUP)
        else:
            self.backup_reader = self.owner  # nobody reads: there are no backups
        return database

    def _make(self, instance: Endpoint, settings: Settings) -> pulumi.Output[str]:
        self._server = postgresql.Provider(
            "server",
            host=instance.host,
            port=instance.port,
            username=instance.user,
            password=instance.password,
            sslmode="disable",  # loopback
            opts=pulumi.ResourceOptions(parent=self, depends_on=instance.ready),
        )
        groups = [
            postgresql.Role(
                group, name=group, login=False, bypass_row_level_security=group == "service_role", opts=self._child()
            )
            for group in GROUPS
            if group not in instance.roles
        ]
        owner_password = self._password(OWNER, settings)
        owner = postgresql.Role(
            OWNER, name=OWNER, login=True, password=owner_password, create_database=True, opts=self._child()
        )
        backup_password = self._password(BACKUP, settings)
        backup = postgresql.Role(
            BACKUP,
            name=BACKUP,
            login=True,
            password=backup_password,
            bypass_row_level_security=True,
            roles=READER_IS_IN,
            opts=self._child(depends_on=[*groups]),
        )
        # A role can only be dropped after the database with its grants: so the database comes after every role.
        database = postgresql.Database(
            "database",
            name=settings.database,
            owner=owner.name,
            opts=self._child(depends_on=[*groups, backup]),
        )
        made = self._extensions(database, owner.name, settings.extension_versions)
        if settings.schema_name != "public":
            made.append(self._usable_schema(settings.schema_name, database, owner.name))
        # A role's id, not its URN: one that a release adds is unknown to the preview, as is what the schema grants it.
        ready = [*[group.id for group in groups], *[resource.urn for resource in made]]
        owner_login = self._login(instance, owner.name, owner_password, database, ready)
        self.owner = replace(owner_login, role=OWNER)  # known to the first preview; `owner.name` is not
        self.backup_reader = self._login(instance, backup.name, backup_password, database, ready)
        return database.name

    def _child(self, depends_on: list[pulumi.Resource] | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, provider=self._server, depends_on=depends_on, deleted_with=self._goes_with
        )

    def _password(self, role: str, settings: Settings) -> pulumi.Output[str]:
        options = pulumi.ResourceOptions(parent=self)
        return Password(f"{role}-password", rotation=settings.password_rotation, opts=options).value

    def _usable_schema(self, name: str, database: postgresql.Database, owner: pulumi.Output[str]) -> postgresql.Schema:
        usage = [postgresql.SchemaPolicyArgs(role=role, usage=True) for role in (*GROUPS, BACKUP)]
        return postgresql.Schema(
            name, name=name, database=database.name, owner=owner, policies=usage, opts=self._child()
        )

    def _extensions(
        self, database: postgresql.Database, owner: pulumi.Output[str], versions: Mapping[str, str]
    ) -> list[pulumi.Resource]:
        schema = self._usable_schema(EXTENSION_SCHEMA, database, owner)
        return [
            postgresql.Extension(
                extension,
                name=extension,
                database=database.name,
                schema=schema.name,
                version=versions.get(extension),
                opts=self._child(),
            )
            for extension in EXTENSIONS
        ]

    def _login(
        self,
        instance: Endpoint,
        user: pulumi.Output[str],
        password: pulumi.Output[str],
        database: postgresql.Database,
        ready: list[pulumi.Output[str]],
    ) -> Endpoint:
        # The name waits for roles and extensions: who can log in finds a database that is ready for the schema.
        name = pulumi.Output.all(database.name, *ready)
        return replace(instance, user=user, password=password, database=name.apply(lambda parts: str(parts[0])))
