"""Where things lie in a checkout of this project."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checkout:
    """A working copy of this project; `root` is the folder of its Makefile."""

    root: Path

    @classmethod
    def here(cls) -> "Checkout":
        """Return the checkout this file is part of."""
        return cls(Path(__file__).resolve().parents[2])

    @property
    def venv(self) -> Path:
        """The virtual environment of the program, its plugins and its tests."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter of the virtual environment."""
        return self.venv / "bin" / "python"

    @property
    def state(self) -> Path:
        """Everything a stack keeps on this machine; closed to other users."""
        return self.root / ".state"

    @property
    def backend(self) -> Path:
        """Pulumi's state, unless the user names another backend."""
        return self.state / "backend"

    @property
    def pulumi_home(self) -> Path:
        """Pulumi's own folder: plugins, the selected stack."""
        return self.state / "pulumi-home"

    @property
    def passphrase(self) -> Path:
        """The file with the passphrase that encrypts secrets in the state."""
        return self.state / "passphrase"

    @property
    def offline_plugins(self) -> Path:
        """Executables that stand in for official plugins where those can not be downloaded."""
        return self.root / "tools" / "offline_plugins" / "bin"

    def go_module(self, name: str) -> Path:
        """Return the folder of one of the two Go modules Pulumi is built from: `cli` or `host`."""
        return self.root / "tools" / "pulumi" / name
