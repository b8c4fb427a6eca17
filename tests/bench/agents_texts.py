"""Real texts for the search: what Debian's packages do, in the words of those who look after them.

An agent's description is a paragraph of a package's description, a query the one line that stands above the paragraphs
of a package that is held out. Packages that are parts of others (development files, documentation, translations, data)
are left out, as are lists and paragraphs that differ from another in nothing but digits, signs and capitals.
"""

import random
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PART = re.compile(r"-(dev|dbg|dbgsym|prof|docs?|data|common|l10n(-.*)?|locale(-.*)?)$")
RECORD = re.compile(r"^Package: (\S+)\n(?:.+\n)*?Description-en: (.+)\n((?: .*\n)*)", re.MULTILINE)
SHORTEST, LONGEST = 8, 60
"""Words of a paragraph: one with fewer is a heading, one with more tells of several things."""


class AbsentError(Exception):
    """Texts, or the model for them, cannot be had here; its message is a reason."""


@dataclass(frozen=True)
class Package:
    """A package: its name, the line that says what it is, and the paragraphs below."""

    name: str
    line: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Texts:
    """Descriptions, each once, and queries of packages that have no description among them."""

    descriptions: tuple[str, ...]
    queries: tuple[str, ...]


def words(text: str, least: int) -> list[str]:
    """Return a text's words of at least so many letters, in small letters."""
    return [word for word in re.findall(r"[a-z]+", text.lower()) if len(word) >= least]


def packages(records: str) -> Iterator[Package]:
    """Read packages from the records of a package archive's descriptions (Translation-en), lists left out."""
    for name, line, body in RECORD.findall(records):
        parts = re.split(r"^ \.\n", body, flags=re.MULTILINE)
        yield Package(name, line, tuple(" ".join(part.split()) for part in parts if part and "\n  " not in f"\n{part}"))


def chosen(found: Iterable[Package], descriptions: int, queries: int) -> Texts:
    """Choose so many texts, by the same chance in every run.

    Raises:
        AbsentError: there are not as many.
    """
    whole = {package.name: package for package in found if not PART.search(package.name)}
    shuffled = random.Random(1).sample(sorted(whole), len(whole))  # noqa: S311
    asked = [name for name in shuffled if len(words(whole[name].line, 5)) > 1][:queries]
    held_out = {*asked}
    texts = {
        "".join(words(text, 1)): text
        for name in shuffled
        if name not in held_out
        for text in whole[name].paragraphs
        if SHORTEST <= len(text.split()) <= LONGEST
    }
    if len(texts) < descriptions or len(asked) < queries:
        raise AbsentError(f"apt's package lists have {len(texts):,} descriptions and {len(asked):,} queries")
    return Texts((*texts.values(),)[:descriptions], tuple(whole[name].line for name in asked))


def debian(folder: Path) -> Iterator[Package]:
    """Read the packages of this machine's apt sources; their descriptions are fetched into `folder`, once.

    Raises:
        AbsentError: there is no apt, or it gets no descriptions.
    """
    if not [*folder.glob("*_Translation-en")]:
        if shutil.which("apt-get") is None:
            raise AbsentError("its texts are package descriptions, and there is no apt")
        (folder / "partial").mkdir(parents=True, exist_ok=True)
        options = {
            "Dir::State::Lists": folder,
            "Dir::Cache": folder.parent,
            "Acquire::Languages": "en",
            "Acquire::GzipIndexes": "false",  # some images have it otherwise
            "APT::Sandbox::User": "root",  # apt's own account may not reach the cache
        }
        given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        subprocess.run(["apt-get", "update", *given], capture_output=True, check=False)
    lists = sorted(folder.glob("*_Translation-en"))
    if not lists:
        raise AbsentError("apt could not get its package descriptions")
    for file in lists:
        yield from packages(file.read_text())
