"""Where this tool keeps what all checkouts share."""

import os
from pathlib import Path


def cache_root() -> Path:
    """Return the cache of this tool: $AGENT_ECOSYSTEM_CACHE, else agent-ecosystem below the user's cache folder."""
    if override := os.environ.get("AGENT_ECOSYSTEM_CACHE"):
        return Path(override)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "agent-ecosystem"
