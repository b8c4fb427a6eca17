"""pg_dump: the database as a compressed stream, its schema as SQL that any editor runs."""

import re
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from typing import IO, cast

import zstandard

from infra.backup_job import temporary
from infra.backup_job.database import Programs
from infra.backup_job.encodings import BYTES
from infra.backup_job.errors import BackupError
from infra.backup_job.streams import MIB

LEVEL = 1
"""Level 3 takes 2.4 times the processor time for a dump with embeddings, whose result is no smaller."""
THREADS = 2
JOB_SIZE = 2 * MIB
"""What one thread compresses at a time: zstd's own choice, 8 MiB, takes 60 MB more memory and is no faster."""

PSQL_LINE = re.compile(r"^\\restrict (\w+)$", re.MULTILINE)
NEWER_LINE = re.compile(r"^SET transaction_timeout = 0;\n", re.MULTILINE)
"""Servers before 17 have no such parameter. The first such line is pg_dump's own, whatever functions hold."""
EXTENSION_COMMENT = re.compile(
    r"^--\n-- Name: EXTENSION [^\n]+; Type: COMMENT;[^\n]*\n--\n\nCOMMENT ON EXTENSION [^\n]+ IS '(?:[^']|'')*';\n+",
    re.MULTILINE,
)


NO_LOGIN = ("password authentication failed", "is not permitted to log in", "does not exist")
"""What a server says, in English here, to a role whose login was taken away since the run connected."""


@dataclass
class Tally:
    """How many bytes of a dump there were, before compression."""

    size: int = 0


@dataclass(frozen=True)
class Source:
    """A database in one exported snapshot, and pg_dump to read it."""

    programs: Programs
    url: str
    snapshot: str
    lock_wait_seconds: float
    encoding: str
    """The server's word for the encoding of the database."""

    def schema(self, extension_schemas: frozenset[str]) -> str:
        """Return the schema as SQL without psql's own lines.

        Objects have no owner named (who runs it owns them), and schemas that hold only extensions are made if they
        are missing, since most platforms have them already. Bytes of a database of SQL_ASCII that are no UTF-8 stay
        as they are, as surrogates.

        Args:
            extension_schemas: schemas that extensions live in.

        Raises:
            BackupError: pg_dump failed.
        """
        wanted = BYTES if self.encoding == BYTES else "UTF8"  # bytes of no known encoding can not become another's
        with self._pg_dump("--schema-only", "--format=plain", "--no-owner", f"--encoding={wanted}") as output:
            text = output.read().decode(errors="surrogateescape")
        return editor_sql(text, extension_schemas)

    def compressed(self, tally: Tally) -> Generator[bytes, None, None]:
        """Yield the whole database, in pg_dump's custom format compressed by zstd with a checksum.

        Args:
            tally: gets the bytes before compression, as they come.

        Raises:
            BackupError: pg_dump failed; what was yielded by then is worthless.
        """
        parameters = zstandard.ZstdCompressionParameters.from_level(
            LEVEL, threads=THREADS, job_size=JOB_SIZE, write_checksum=True
        )
        compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        with self._pg_dump("--format=custom", "--compress=0") as output:
            # Whatever has come: `read` waits for a whole MiB without a look at signals, however long pg_dump is silent.
            while block := output.read1(MIB):
                tally.size += len(block)
                yield compressor.compress(block)
            yield compressor.flush()

    @contextmanager
    def _pg_dump(self, *arguments: str) -> Iterator[BufferedReader]:
        """Run pg_dump and give its output; leaving the block checks how it ended, an error in the block kills it."""
        options = [
            *arguments,
            f"--snapshot={self.snapshot}",
            f"--lock-wait-timeout={int(self.lock_wait_seconds * 1000)}",
            "--no-password",
        ]
        with temporary.unnamed() as words:
            process = self.programs.start("pg_dump", options, self.url, stdout=subprocess.PIPE, stderr=words)
            try:
                if process.stdout is not None:
                    yield cast(BufferedReader, process.stdout)
                code = process.wait()
            except BaseException:
                process.kill()
                process.wait()
                raise
            finally:
                if process.stdout is not None:
                    process.stdout.close()
            if code:
                said = last_words(words)
                advice = " (correct database_url, or give its role its login back)" if _shut_out(said) else ""
                raise BackupError(f"pg_dump {ending(code)}: {said}{advice}")


def editor_sql(text: str, extension_schemas: frozenset[str]) -> str:
    r"""Return pg_dump's SQL so that one call of any client runs it.

    >>> editor_sql("\\restrict abc\nCREATE SCHEMA extensions;\n", frozenset({"extensions"}))
    'CREATE SCHEMA IF NOT EXISTS extensions;\n'
    """
    if found := PSQL_LINE.search(text):  # its key is random: no function's body holds such a line
        text = re.sub(rf"^\\(?:un)?restrict {found[1]}\n", "", text, flags=re.MULTILINE)
    text = NEWER_LINE.sub("", text, count=1)
    text = EXTENSION_COMMENT.sub("", text)  # only an extension's owner may: not us, where the platform made it
    for schema in extension_schemas:
        made = re.compile(rf'^CREATE SCHEMA ("?{re.escape(schema)}"?;)$', re.MULTILINE)
        text = made.sub(r"CREATE SCHEMA IF NOT EXISTS \1", text, count=1)
    return text


def _shut_out(said: str) -> bool:
    return "FATAL" in said and any(sign in said for sign in NO_LOGIN)


def ending(code: int) -> str:
    """Say how a program ended, from its return code."""
    return f"was killed by signal {-code}" if code < 0 else f"failed with exit code {code}"


def last_words(words: IO[bytes]) -> str:
    """Return the end of what a program wrote to standard error, on one line."""
    words.seek(0)
    return " ".join(words.read().decode(errors="replace")[-2000:].split()) or "it said nothing"
