"""A backup becomes a database again, and counts as one only when it holds what its manifest says."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from infra.backup_job import database, facts, roles, temporary
from infra.backup_job.artefacts import Artefacts
from infra.backup_job.checks import failing
from infra.backup_job.compare import SHOWN, require_same
from infra.backup_job.database import Connection, Programs, server_errors
from infra.backup_job.dump_reading import Dump, Streamed, opened, scratch_folder
from infra.backup_job.errors import BackupError
from infra.backup_job.itself import settle
from infra.backup_job.keys import NO_IDENTITIES, Identities
from infra.backup_job.left_out import of_pg_cron, without_pg_cron
from infra.backup_job.made_before import drop_public, own_schemas, present
from infra.backup_job.manifest import Globals, Manifest, parse
from infra.backup_job.new_database import create, dated_name, drop, free_names
from infra.backup_job.pg_restore import needs_psql
from infra.backup_job.report import Report
from infra.backup_job.selection import EVERYTHING, Listing, Selection
from infra.backup_job.store import ObjectStore
from infra.backup_job.swap import require_replaceable, swap


@dataclass(frozen=True)
class Restorer:
    """One backup of `store`, the programs to restore it with, and, if it is encrypted, the keys that open it.

    With `jobs` more than one, a new database is restored in so many parts at once, from a copy in `scratch`.
    `create_roles`: those that the server lacks are made. What the `checks`, by name, say against the restored database
    is told; the content is the same then, but days may have passed.
    """

    store: ObjectStore
    programs: Programs
    manifest: Manifest
    report: Report
    identities: Identities = NO_IDENTITIES
    selection: Selection = EVERYTHING
    jobs: int = 1
    scratch: Path | None = None
    create_roles: bool = False
    checks: Mapping[str, str] = field(default_factory=dict)

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
            self._require_reader(connection)
            held = facts.contents(connection).objects
        if held:
            amounts = ", ".join(f"{len(found)} of kind {kind}" for kind, found in held.items())
            raise BackupError(
                f"{database.describe(url)} is not empty ({amounts}): use an empty one, or --force to replace"
            )
        if self.selection.tables is not None:
            self._require_whole()
        outside = self._outside()
        with self._roles(url, outside):
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
            self._require_reader(admin)
        with self._roles(admin_url, outside), self._filled(admin_url, names, outside) as url:
            yield url

    @contextmanager
    def _filled(self, admin_url: str, names: Sequence[str], outside: Globals) -> Iterator[str]:
        made = None
        try:
            with self._dump(admin_url) as dump:
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

    def _dump(self, admin_url: str) -> AbstractContextManager[Dump]:
        """Open the dump; what is copied is read whole, and found unchanged, before there is a database for it."""
        if self.jobs > 1 and (reason := needs_psql(self.programs, admin_url)):
            self.report("restoring in one stream", reason=reason)
            return nullcontext(self.streamed)
        folder = scratch_folder(self.scratch)
        return opened(self.artefacts, self.programs, self.manifest, self.report, jobs=self.jobs, folder=folder)

    def _fill(self, url: str, outside: Globals, dump: Dump) -> None:
        listing = Listing(dump.table_of_contents(), frozenset(role.name for role in outside.roles))
        with database.connect(url) as connection, server_errors("the database can not be prepared"):
            self.programs.require("pg_restore", self.manifest.server.major)
            there = present(connection)
            own_schemas(connection, self.manifest.contents)
        self.report("restoring", stamp=self.manifest.stamp, into=database.describe(url), bytes=self.manifest.data.size)
        if left_out := of_pg_cron(listing):
            self.report(
                "pg_cron and its jobs are left out", reason="a server has it in one database, no new one is that"
            )
        with temporary.named(self.selection.lines(listing, there | left_out)) as path:
            dump.restore(["--exit-on-error", "--no-password", f"--use-list={path}"], url)
        with (
            database.connect(url) as connection,
            server_errors("the restored database can not be compared"),
            connection.transaction(),
        ):
            drop_public(connection, self.manifest.contents)
            settle(connection, outside)
            same_major = connection.info.server_version // 10000 == self.manifest.server.major
            recorded = without_pg_cron(self.manifest.contents) if left_out else self.manifest.contents
            wanted, found = self.selection.part_of(recorded, facts.contents(connection), listing)
            require_same(wanted, found, database.describe(url), definitions=same_major)
            if self.selection.tables is None:
                for name, words in failing(connection, self.checks, self.manifest).items():
                    self.report("a check that held in the original does not hold any more", check=name, says=words)

    def _outside(self) -> Globals:
        return parse(Globals, self.artefacts.read(self.manifest.globals), self.manifest.globals.key)

    @contextmanager
    def _roles(self, url: str, outside: Globals) -> Iterator[None]:
        """Refuse a server without the roles that the backup needs, or make them for the block, which may keep them."""
        with database.connect(url) as connection, server_errors("the server's roles can not be read"):
            absent = roles.missing(connection, outside)
        if absent and not self.create_roles:
            raise BackupError(
                "the server lacks roles that own or are granted things in this backup: "
                f"{', '.join(role.name for role in absent)}: create them first ({self.manifest.globals.key} says how "
                "they were), or have them made, without passwords: --create-roles"
            )
        with roles.made(url, absent, self.report):
            yield

    def _require_reader(self, connection: Connection) -> None:
        """Refuse, before anything is made, what would miscount at the end."""
        me = connection.execute(
            "SELECT rolsuper OR rolbypassrls AS reads_all FROM pg_catalog.pg_roles WHERE rolname = current_user"
        ).fetchone()
        if self.manifest.contents.forced_row_security and not (me and me["reads_all"]):
            tables = ", ".join(self.manifest.contents.forced_row_security[:SHOWN])
            raise BackupError(f"row security is forced on {tables}: restore as a superuser or a role with BYPASSRLS")
