"""The first step of every target: make the virtual environment, then go on inside it. Standard library only."""

import os
import sys

from tools.bootstrap import python_environment
from tools.bootstrap.checkout import Checkout
from tools.bootstrap.failure import SetupError


def main() -> None:
    """Become `commands` in the virtual environment; exit only if that can not be made."""
    checkout = Checkout.here()
    try:
        python_environment.ensure(checkout, development="--development" in sys.argv[1:])
    except SetupError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    os.execv(checkout.python, [str(checkout.python), "-m", "tools.bootstrap.commands", *sys.argv[1:]])  # noqa: S606 - no shell


if __name__ == "__main__":
    main()
