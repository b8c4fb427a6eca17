"""all-MiniLM-L6-v2 on the processor: python minilm.py MODEL TOKENIZER <TEXTS >VECTORS.

TEXTS is a list as JSON; VECTORS has 384 numbers of four bytes for each, the first byte the highest, of length one.
"""
# mypy: ignore-errors
# It is installed in an environment of the benchmark's own.

import json
import sys
import time
from itertools import groupby

import numpy
import onnxruntime
from tokenizers import Tokenizer

DIMENSIONS = 384
LONGEST = 256
BATCH = 64
PAUSE = 20
"""Seconds between two words on how far it is; the longest texts come last."""


def begin(model):
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others may need the processor
    return onnxruntime.InferenceSession(model, options)


def embed(session, batch):
    """Return the vectors of texts with one number of tokens: none has to be filled up."""
    given = {"input_ids": batch, "attention_mask": numpy.ones_like(batch), "token_type_ids": numpy.zeros_like(batch)}
    (states,) = session.run(None, given)
    mean = states.mean(axis=1)
    return mean / numpy.linalg.norm(mean, axis=1, keepdims=True)


def main(model, tokenizer):
    reader = Tokenizer.from_file(tokenizer)
    reader.no_padding()
    reader.enable_truncation(LONGEST)
    tokens = [text.ids for text in reader.encode_batch(json.load(sys.stdin))]
    vectors = numpy.empty((len(tokens), DIMENSIONS), ">f4")
    session, done = begin(model), 0
    began = said = time.monotonic()
    by_length = sorted(range(len(tokens)), key=lambda number: len(tokens[number]))
    for _, alike in groupby(by_length, key=lambda number: len(tokens[number])):
        numbers = [*alike]
        for at in range(0, len(numbers), BATCH):
            batch = numbers[at : at + BATCH]
            vectors[batch] = embed(session, numpy.array([tokens[number] for number in batch]))
            done += len(batch)
            if time.monotonic() - said > PAUSE or done == len(tokens):
                said = time.monotonic()
                print(f"embedded {done:,} of {len(tokens):,} texts in {said - began:.0f} s", file=sys.stderr)
    sys.stdout.buffer.write(vectors.tobytes())


main(sys.argv[1], sys.argv[2])
