"""How the bytes of a database's names are read: a server has its own words for encodings."""

import codecs

BYTES = "SQL_ASCII"
"""The server's word for no encoding at all: bytes above 127 mean whatever each client meant."""
LOSSLESS = "latin-1"
"""Each byte has a character: what is not ASCII may look odd, and stays what it was."""
OTHER_WORDS = {"KOI8R": "koi8-r", "KOI8U": "koi8-u", "EUC_JIS_2004": "euc_jis_2004", "SHIFT_JIS_2004": "shift_jis_2004"}


def codec(encoding: str) -> str:
    """Return Python's name of the encoding that a server calls `encoding`.

    >>> [codec(name) for name in ("UTF8", "LATIN1", "WIN1252", "SQL_ASCII", "MULE_INTERNAL")]
    ['utf-8', 'iso8859-1', 'cp1252', 'latin-1', 'latin-1']
    """
    if encoding == BYTES:
        return LOSSLESS
    try:
        return codecs.lookup(OTHER_WORDS.get(encoding) or encoding.replace("WIN", "cp")).name
    except LookupError:
        return LOSSLESS
