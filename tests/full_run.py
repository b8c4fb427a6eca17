"""What `make test` leaves to `make test-full`: long repetitions, and what takes long."""

import os

import pytest

FULL = bool(os.environ.get("AGENT_ECOSYSTEM_FULL"))

in_full = pytest.mark.skipif(not FULL, reason="takes long: make test-full")
