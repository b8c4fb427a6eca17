"""A certificate authority of a test's own, and a server that shows its certificate."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.supabase.emulation import Supabase

DAYS = "2"


@dataclass(frozen=True)
class Authority:
    """Files in `folder`: ca.crt; server.crt and server.key for the name localhost."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, host: str = "localhost") -> "Authority":
        folder.mkdir(parents=True)
        _openssl(folder, "req", "-x509", *_new_key("ca.key"), "-out", "ca.crt", "-subj", "/CN=test", "-days", DAYS)
        _openssl(folder, "req", *_new_key("server.key"), "-out", "server.csr", "-subj", f"/CN={host}")
        (folder / "names").write_text(f"subjectAltName=DNS:{host}\n")
        sign = ("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial")
        _openssl(folder, *sign, "-extfile", "names", "-days", DAYS, "-out", "server.crt")
        return cls(folder)

    @property
    def certificate(self) -> Path:
        """What a client checks servers against."""
        return self.folder / "ca.crt"

    def encrypt(self, project: Supabase) -> None:
        """Switch TLS on in a running project."""
        for name in ("server.crt", "server.key"):
            file = project.cluster.data / name
            file.write_bytes((self.folder / name).read_bytes())
            file.chmod(0o600)
            project.cluster.account.own(file)
        with project.connected() as admin:
            admin.execute("ALTER SYSTEM SET ssl = on")
            admin.execute("SELECT pg_reload_conf()")


def _new_key(name: str) -> tuple[str, ...]:
    return ("-newkey", "rsa:2048", "-nodes", "-keyout", name)


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
