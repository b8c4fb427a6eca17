"""A backup becomes a database again, and counts as one only when it holds what its manifest says."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg import sql

from infra.backup_job import database
from infra.backup_job.check import RestoreFailedError, decompressed, feed, pg_restore, write
from infra.backup_job.database import Connection, Programs, server_errors
from infra.backup_job.errors import BackupError
from infra.backup_job.manifest import Contents, Globals, Manifest, parse
from infra.backup_job.names import stamp
from infra.backup_job.report import Report
from infra.backup_job.store import ObjectStore

NAME_LIMIT = 63
LOCALE_PROVIDERS = {"c": "libc", "b": "builtin", "i": "icu"}
LIST_PARAMETERS = frozenset({"search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"})
SHOWN = 5


@dataclass(frozen=True)
class Restorer:
    """One backup of `store`, and the programs to restore it with."""

    store: ObjectStore
    programs: Programs
    manifest: Manifest
    report: Report

    def table_of_contents(self) -> str:
        """Return what the dump holds, as `pg_restore --list` writes it; only the dump's beginning is read."""
        with tempfile.TemporaryFile() as output:
            with (
                self.store.download(self.manifest.data.key) as download,
                pg_restore(self.programs, ["--list"], None, output=output) as pipe,
            ):
                for block in decompressed(download, self.manifest.data):
                    if not write(pipe, block):
                        break
            output.seek(0)
            return output.read().decode()

    def into_new_database(self, admin_url: str) -> str:
        """Restore into a new database beside the one that was backed up; it is dropped if that fails.

        Args:
            admin_url: a role that may create databases, on the server to restore on.

        Returns:
            The new database's connection string, password included.

        Raises:
            BackupError: the dump is damaged, does not restore, or the database does not hold what it should.
        """
        suffix = f"_restored_{stamp(datetime.now(UTC))}"
        name = self.manifest.server.database[: NAME_LIMIT - len(suffix)] + suffix
        with database.connect(admin_url) as admin, server_errors(f"database {name} can not be made"):
            roles = self._outside()
            self._require_roles(admin, roles)
            admin.execute(_create_database(self.manifest, name))
            url = database.with_database(admin_url, name)
            try:
                self._fill(url, clean=False)
                _set_parameters(admin, name, roles)
            except BaseException:
                admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
                raise
        return url

    def into(self, url: str, *, force: bool = False) -> None:
        """Restore into an existing database, in one transaction.

        Args:
            url: the database, as a role that owns it.
            force: replace what it holds of the same names; without it a database that holds anything is refused.

        Raises:
            BackupError: as `into_new_database`; up to the comparison at the end, the database is then as it was.
        """
        with database.connect(url) as connection, server_errors(f"{database.describe(url)} can not be restored into"):
            self._require_roles(connection, self._outside())
            held = database.contents(connection).objects
        if held and not force:
            amounts = ", ".join(f"{len(found)} of kind {kind}" for kind, found in held.items())
            raise BackupError(
                f"{database.describe(url)} is not empty ({amounts}): use an empty one, or --force to replace"
            )
        self._fill(url, clean=force)

    def _fill(self, url: str, *, clean: bool) -> None:
        listing = self.table_of_contents()
        with database.connect(url) as connection, server_errors("the database can not be prepared"):
            self.programs.require("pg_restore", self.manifest.server.major)
            _create_extensions(connection, self.manifest)
        self.report("restoring", stamp=self.manifest.stamp, into=database.describe(url), bytes=self.manifest.data.size)
        with _list_file(listing, self.manifest) as path:
            options = ["--single-transaction", "--exit-on-error", "--no-password", f"--use-list={path}"]
            clean_options = ["--clean", "--if-exists"] if clean else []
            feed(self.store, self.programs, self.manifest.data, [*options, *clean_options], url)
        with database.connect(url) as connection, server_errors("the restored database can not be compared"):
            _require_same(self.manifest.contents, database.contents(connection), database.describe(url))

    def _outside(self) -> Globals:
        return parse(Globals, self.store.get_verified(self.manifest.globals), self.manifest.globals.key)

    def _require_roles(self, connection: Connection, outside: Globals) -> None:
        """Refuse, before anything is made, what would fail or miscount at the end."""
        present = {row["rolname"] for row in connection.execute("SELECT rolname FROM pg_catalog.pg_roles")}
        missing = [role.name for role in outside.roles if role.used_here and role.name not in present]
        if missing:
            raise BackupError(
                f"the server lacks roles that own or are granted things in this backup: {', '.join(missing)}: "
                f"create them first ({self.manifest.globals.key} says how they were)"
            )
        me = connection.execute(
            "SELECT rolsuper OR rolbypassrls AS reads_all FROM pg_catalog.pg_roles WHERE rolname = current_user"
        ).fetchone()
        if self.manifest.contents.forced_row_security and not (me and me["reads_all"]):
            tables = ", ".join(self.manifest.contents.forced_row_security[:SHOWN])
            raise BackupError(f"row security is forced on {tables}: restore as a superuser or a role with BYPASSRLS")


def _create_database(manifest: Manifest, name: str) -> sql.Composed:
    """Return the command that makes the database `name` as the original was made."""
    server = manifest.server
    clauses = [
        ("TEMPLATE", "template0"),
        ("ENCODING", server.encoding),
        ("LC_COLLATE", server.lc_collate),
        ("LC_CTYPE", server.lc_ctype),
    ]
    if server.major >= 15:
        clauses.append(("LOCALE_PROVIDER", LOCALE_PROVIDERS[server.locale_provider]))
    if server.locale and server.locale_provider != "c":
        clauses.append(("BUILTIN_LOCALE" if server.locale_provider == "b" else "ICU_LOCALE", server.locale))
    options = sql.SQL(" ").join(sql.SQL(f"{key} = {{}}").format(sql.Literal(value)) for key, value in clauses)
    return sql.SQL("CREATE DATABASE {} OWNER {} {}").format(sql.Identifier(name), sql.Identifier(server.owner), options)


def _create_extensions(connection: Connection, manifest: Manifest) -> None:
    """Make the extensions, each in its schema, before everything that uses them."""
    for name, entry in manifest.extensions.items():
        schema = sql.Identifier(entry["schema"])
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        connection.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA {}").format(sql.Identifier(name), schema)
        )


@contextmanager
def _list_file(listing: str, manifest: Manifest) -> Iterator[str]:
    """Write what pg_restore is to restore: all of it but the extensions and their schemas, which are there."""
    with tempfile.NamedTemporaryFile("w", suffix=".list") as handle:
        handle.write("\n".join(line for line in listing.splitlines() if not _is_there(line, manifest)))
        handle.flush()
        yield handle.name


def _is_there(line: str, manifest: Manifest) -> bool:
    """Say whether a line of the table of contents makes, or comments on, an extension or its schema.

    Such a line reads `ID; CATALOG OID KIND SCHEMA NAME OWNER`.
    """
    _, _, entry = line.partition("; ")
    words = entry.split(" ", 2)
    if len(words) < 3 or line.startswith(";"):
        return False
    schemas = {extension["schema"] for extension in manifest.extensions.values()}
    made = {f"SCHEMA - {schema} " for schema in schemas} | {f"EXTENSION - {name} " for name in manifest.extensions}
    return words[2].startswith((*made, *(f"COMMENT - EXTENSION {name} " for name in manifest.extensions)))


def _set_parameters(admin: Connection, name: str, outside: Globals) -> None:
    """Set on the new database what was set on the old one, such as its search path."""
    for entry in outside.parameters:
        parameter, _, value = entry.parameter.partition("=")
        target = sql.SQL("ALTER DATABASE {}").format(sql.Identifier(name))
        if entry.role is not None:
            target = sql.SQL("ALTER ROLE {} IN DATABASE {}").format(sql.Identifier(entry.role), sql.Identifier(name))
        admin.execute(target + sql.SQL(" SET {} = {}").format(sql.SQL(parameter), _value(parameter, value)))


def _value(parameter: str, value: str) -> sql.Composable:
    """Return a parameter's stored value as SET takes it: lists are stored quoted, item by item, already."""
    return sql.SQL(value) if parameter in LIST_PARAMETERS and value else sql.Literal(value)


def _require_same(wanted: Contents, found: Contents, where: str) -> None:
    """Compare a restored database with the manifest.

    Raises:
        RestoreFailedError: with each table and object that differs.
    """
    differences = [
        f"{table} has {found.rows.get(table, 'no')} rows of {wanted.rows.get(table, 'none')}"
        for table in sorted(wanted.rows.keys() | found.rows.keys())
        if found.rows.get(table) != wanted.rows.get(table)
    ]
    for kind in sorted(wanted.objects.keys() | found.objects.keys()):
        before, after = set(wanted.objects.get(kind, [])), set(found.objects.get(kind, []))
        differences += [f"{kind} {name} is missing" for name in sorted(before - after)]
        differences += [f"{kind} {name} is not of this backup" for name in sorted(after - before)]
    if differences:
        more = f" and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
        raise RestoreFailedError(f"{where} is not what was backed up: {'; '.join(differences[:SHOWN])}{more}")
