"""What no restore brings back: pg_cron, which a server has in one database alone, the one that its settings name.

A new database is another one, and its jobs name theirs. Those of a stack are made by its next update.
"""

import re

from infra.backup_job.manifest import Contents
from infra.backup_job.selection import Listing

EXTENSION = "EXTENSION - pg_cron"
BESIDE_IT = re.compile(
    r"COMMENT - EXTENSION pg_cron|ACL - SCHEMA cron|ACL cron (?:TABLE|SEQUENCE|FUNCTION) .*"
    r"|TABLE DATA cron job(?:_run_details)?|SEQUENCE SET cron \w+"
)
"""Of the extension's own objects a dump holds rows and grants."""


def of_pg_cron(listing: Listing) -> frozenset[str]:
    r"""Return the entries of a dump's table of contents that are about pg_cron, none where the dump is without.

    >>> rows = "2; 0 3 TABLE DATA cron job me\n3; 0 4 TABLE DATA cron x job me"
    >>> sorted(of_pg_cron(Listing(f"1; 3079 2 EXTENSION - pg_cron \n{rows}", frozenset({"me"}))))
    ['EXTENSION - pg_cron', 'TABLE DATA cron job']
    >>> of_pg_cron(Listing(rows, frozenset({"me"})))
    frozenset()
    """
    entries = {entry for _, entry in listing.entries()}
    if EXTENSION not in entries:
        return frozenset()
    return frozenset({EXTENSION, *filter(BESIDE_IT.fullmatch, entries)})


def without_pg_cron(contents: Contents) -> Contents:
    """Return what a database holds apart from pg_cron: the indexes of an extension's tables count as objects."""
    objects = {
        kind: {name: digest for name, digest in found.items() if not name.startswith("cron.")}
        for kind, found in contents.objects.items()
    }
    return contents.model_copy(update={"objects": objects})
