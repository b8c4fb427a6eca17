"""A backup becomes a database again, and counts as one only when it holds what its manifest says."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from infra.backup_job import database, facts, temporary
from infra.backup_job.artefacts import Artefacts
from infra.backup_job.compare import SHOWN, require_same
from infra.backup_job.database import Connection, Programs, server_errors
from infra.backup_job.dump_reading import Dump, Streamed, opened, scratch_folder
from infra.backup_job.errors import BackupError
from infra.backup_job.itself import settle
from infra.backup_job.keys import NO_IDENTITIES, Identities
from infra.backup_job.manifest import Contents, Globals, Manifest, parse
from infra.backup_job.new_database import create, dated_name, drop, free_names
from infra.backup_job.report import Report
from infra.backup_job.selection import EVERYTHING, Listing, Selection
from infra.backup_job.store import ObjectStore
from infra.backup_job.swap import require_replaceable, swap


@dataclass(frozen=True)
class Restorer:
    """One backup of `store`, the programs to restore it with, and, if it is encrypted, the keys that open it.

    With `jobs` more than one, a new database is restored in so many parts at once, from a copy in `scratch`.
    """

    store: ObjectStore
    programs: Programs
    manifest: Manifest
    report: Report
    identities: Identities = NO_IDENTITIES
    selection: Selection = EVERYTHING
    jobs: int = 1
    scratch: Path | None = None

    @property
    def artefacts(self) -> Artefacts:
        """The objects of the backup, as they were made."""
        return Artefacts(self.store, self.manifest.encryption, self.identities)

    @property
    def streamed(self) -> Streamed:
        """The dump as it comes from the store."""
        return Streamed(self.artefacts, self.programs, self.manifest.data, self.manifest.server.encoding)

    def into_new_database(self, admin_url: str) -> str:
        """Restore into a new database beside the one that was backed up; it is dropped if that fails.

        Args:
            admin_url: a role that may create databases, on the server to restore on.

        Returns:
            The new database's connection string, password included.

        Raises:
            BackupError: the dump is damaged, does not restore, or the database does not hold what it should.
        """
        with self._built(admin_url, free_names(self.manifest.server.database)) as url:
            return url

    @contextmanager
    def into_scratch_database(self, admin_url: str, name: str) -> Iterator[str]:
        """Restore into a database of that name, give its connection string, and drop it when the block ends.

        Args:
            admin_url: a role that may create databases, on the server to restore on.
            name: the database.

        Raises:
            BackupError: as `into_new_database`.
        """
        with self._built(admin_url, [name]) as url:
            yield url
        with database.connect(admin_url) as admin:
            drop(admin, name)

    def in_place_of(self, url: str) -> str:
        """Restore into a new database, and only when that is whole and compared rename it to the one of `url`.

        Args:
            url: the database to replace, as a role that owns it and may create databases. Its sessions are ended.

        Returns:
            The name under which the replaced database is kept.

        Raises:
            BackupError: as `into_new_database`, or the database can not be renamed; it then is as it was.
        """
        name, place = database.name_of(url), database.beside(url)
        with server_errors(f"{database.describe(url)} can not be replaced"):
            with database.connect(place) as admin:
                require_replaceable(admin, name)
            with (
                self._built(place, free_names(self.manifest.server.database)) as built,
                database.connect(place) as admin,
            ):
                kept = dated_name(name, "replaced")
                swap(admin, database.name_of(built), name, kept)
        return kept

    def into_empty(self, url: str) -> None:
        """Restore into an existing database that holds nothing, in one transaction.

        Its owner, grants and parameters become those of the backup, too.

        Args:
            url: the database, as a role that owns it.

        Raises:
            BackupError: it is not empty, or as `into_new_database`; up to the comparison at the end it stays empty.
        """
        with database.connect(url) as connection, server_errors(f"{database.describe(url)} can not be restored into"):
            outside = self._outside()
            self._require_roles(connection, outside)
            held = facts.contents(connection).objects
        if held:
            amounts = ", ".join(f"{len(found)} of kind {kind}" for kind, found in held.items())
            raise BackupError(
                f"{database.describe(url)} is not empty ({amounts}): use an empty one, or --force to replace"
            )
        if self.selection.tables is not None:
            self._require_whole()
        self._fill(url, outside, self.streamed)

    def _require_whole(self) -> None:
        """Read the stored dump to its end: pg_restore commits after the last rows it wants, which may be early."""
        with self.artefacts.open(self.manifest.data) as stream:
            stream.finish()

    @contextmanager
    def _built(self, admin_url: str, names: Sequence[str]) -> Iterator[str]:
        """Make and fill a database of the first free name, give its connection string.

        It is dropped if the filling or the block fails, and only then: one that was there is somebody else's.
        """
        outside = self._outside()
        with database.connect(admin_url) as admin, server_errors(f"database {names[0]} can not be made"):
            self._require_roles(admin, outside)
        made = None
        try:
            with self._dump() as dump:
                made = self._made(admin_url, names)
                url = database.with_database(admin_url, made)
                self._fill(url, outside, dump)
            yield url
        except BaseException:
            if made is not None:
                self._undo(admin_url, made)
            raise

    def _made(self, admin_url: str, names: Sequence[str]) -> str:
        """Make an empty database of the first free name, and return that."""
        with database.connect(admin_url) as admin, server_errors(f"database {names[0]} can not be made"):
            return create(admin, self.manifest.server, names)

    def _undo(self, admin_url: str, name: str) -> None:
        """Drop what was made; where that fails it is only told: the error that led here is the one to see."""
        try:
            with database.connect(admin_url) as admin:
                drop(admin, name)
        except BackupError as error:
            self.report("the database of a failed restore stays", database=name, reason=str(error))

    def _dump(self) -> AbstractContextManager[Dump]:
        """Open the dump; what is copied is read whole, and found unchanged, before there is a database for it."""
        folder = scratch_folder(self.scratch)
        return opened(self.artefacts, self.programs, self.manifest, self.report, jobs=self.jobs, folder=folder)

    def _fill(self, url: str, outside: Globals, dump: Dump) -> None:
        listing = Listing(dump.table_of_contents(), frozenset(role.name for role in outside.roles))
        with database.connect(url) as connection, server_errors("the database can not be prepared"):
            self.programs.require("pg_restore", self.manifest.server.major)
            present = _present(connection)
            _own_schemas(connection, self.manifest.contents)
        self.report("restoring", stamp=self.manifest.stamp, into=database.describe(url), bytes=self.manifest.data.size)
        with temporary.named(self.selection.lines(listing, present)) as path:
            dump.restore(["--exit-on-error", "--no-password", f"--use-list={path}"], url)
        with (
            database.connect(url) as connection,
            server_errors("the restored database can not be compared"),
            connection.transaction(),
        ):
            _drop_public(connection, self.manifest.contents)
            settle(connection, outside)
            same_major = connection.info.server_version // 10000 == self.manifest.server.major
            wanted, found = self.selection.part_of(self.manifest.contents, facts.contents(connection), listing)
            require_same(wanted, found, database.describe(url), definitions=same_major)

    def _outside(self) -> Globals:
        return parse(Globals, self.artefacts.read(self.manifest.globals), self.manifest.globals.key)

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


def _present(connection: Connection) -> frozenset[str]:
    """Return the schemas and extensions that are there, as the table of contents names them.

    Platforms make some of them in every database. `public`, which all databases begin with, is in a dump only for
    what differs.
    """
    rows = connection.execute(
        "SELECT 'SCHEMA - ' || nspname AS entry FROM pg_catalog.pg_namespace WHERE nspname <> 'public' "
        "UNION ALL SELECT 'EXTENSION - ' || extname FROM pg_catalog.pg_extension "
        "UNION ALL SELECT 'COMMENT - EXTENSION ' || extname FROM pg_catalog.pg_extension"
    )
    return frozenset(row["entry"] for row in rows)


def _own_schemas(connection: Connection, wanted: Contents) -> None:
    """Give the schemas that are there to those who owned them: pg_restore then sets their grants as it should."""
    found = facts.access(connection).get("schema", {})
    for name, access in wanted.access.get("schema", {}).items():
        present = found.get(name)
        if present and access.owner and present.owner != access.owner and name != "public":
            owner = sql.Identifier(access.owner)
            connection.execute(sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(sql.SQL(name), owner))


def _drop_public(connection: Connection, wanted: Contents) -> None:
    """Drop the schema every database begins with if the backed up one had none."""
    if "public" not in wanted.access.get("schema", {}):
        connection.execute("DROP SCHEMA IF EXISTS public")
