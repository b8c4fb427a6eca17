"""Where a backup's objects lie in the bucket."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

STAMP_FORMAT = "%Y%m%d_%H%M%S"
ENDING = ".age"
"""What the names of encrypted artefacts have at their end."""
CLOCKS = timedelta(minutes=5)
"""How far the clocks of machines may disagree: what began later than that is from a clock that was wrong."""
STAMP = re.compile(r"(?<!\d)\d{8}_\d{6}(?!\d)")


@dataclass(frozen=True)
class Names:
    """The keys of all backups below `prefix`; `ending` is ENDING where its artefacts are encrypted."""

    prefix: str
    ending: str = ""

    def schema(self, stamp: str) -> str:
        """Return the key of the schema as SQL."""
        return f"{self.prefix}/schema/distributed_schema_backup_{stamp}.sql{self.ending}"

    def data(self, stamp: str) -> str:
        """Return the key of the dump, schema and data in pg_dump's custom format, compressed."""
        return f"{self.data_start}{stamp}.dump.zst{self.ending}"

    def globals(self, stamp: str) -> str:
        """Return the key of what lies outside the database: roles, settings."""
        return f"{self.prefix}/globals/distributed_globals_backup_{stamp}.json{self.ending}"

    def manifest(self, stamp: str) -> str:
        """Return the key of what the backup says about itself."""
        return f"{self.manifests}{stamp}.json"

    def parts(self, stamp: str) -> tuple[str, str, str]:
        """Return the keys of the objects that a backup is made of, its manifest apart."""
        return self.data(stamp), self.schema(stamp), self.globals(stamp)

    def manifest_stamp(self, key: str) -> str | None:
        """Return the stamp of the backup whose manifest has this key, None where it is no manifest's."""
        found = STAMP.search(key.removeprefix(self.manifests))
        return found[0] if found and key == self.manifest(found[0]) and is_moment(found[0]) else None

    def part_stamp(self, key: str) -> str | None:
        """Return the stamp of the backup that the object `key` is a part of, encrypted or not, None where of none."""
        found = STAMP.search(key.removeprefix(self.prefix))
        of = (Names(self.prefix), Names(self.prefix, ENDING))
        if found and is_moment(found[0]) and any(key in names.parts(found[0]) for names in of):
            return found[0]
        return None

    @property
    def part_starts(self) -> tuple[str, ...]:
        """How the keys of parts begin, whatever their backup."""
        return tuple(key.rpartition(".")[0].removesuffix(".dump") for key in Names(self.prefix).parts(""))

    @property
    def data_start(self) -> str:
        """How every dump's key begins: what a killed run leaves half uploaded."""
        return f"{self.prefix}/data/distributed_data_backup_"

    @property
    def manifests(self) -> str:
        """How every manifest's key begins."""
        return f"{self.prefix}/manifests/distributed_backup_"

    @property
    def latest_schema(self) -> str:
        """The copy of the newest good schema."""
        return f"{self.prefix}/schema/latest_schema_backup.sql{self.ending}"

    @property
    def latest_data(self) -> str:
        """The copy of the newest good dump."""
        return f"{self.prefix}/data/latest_data_backup.dump.zst{self.ending}"

    @property
    def latest(self) -> str:
        """The pointer to the newest good backup: what it names is complete and was read back."""
        return f"{self.prefix}/latest.json"

    @property
    def prune_report(self) -> str:
        """What the last pruning did: the one object that the identity of pruning may write."""
        return f"{self.prefix}/prune.json"


def stamp(moment: datetime) -> str:
    """Return `moment` as backups are dated: UTC, to the second."""
    return moment.astimezone(UTC).strftime(STAMP_FORMAT)


def is_moment(text: str) -> bool:
    """Say whether a stamp is one of a day and time that there are.

    >>> is_moment("20261128_031700"), is_moment("20261128_251700")
    (True, False)
    """
    try:
        moment(text)
    except ValueError:
        return False
    return True


def moment(text: str) -> datetime:
    """Return the moment of a stamp; the reverse of `stamp`."""
    return datetime.strptime(text, STAMP_FORMAT).replace(tzinfo=UTC)
