"""TLS for real: a certificate authority of our own, a server with its certificate, and who is let in by which mode."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.backup_job.database import Programs
from infra.embedded.distribution import install
from infra.preflight.finding import Wanted
from infra.preflight.run import preflight
from tests.supabase.certificates import Authority
from tests.supabase.emulation import Supabase

WANTED = Wanted("public", (), (), "extensions")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def encrypted(start_supabase: Callable[..., Supabase], authority: Authority) -> Supabase:
    project = start_supabase()
    authority.encrypt(project)
    return project


def url(project: Supabase, host: str, **parameters: str) -> str:
    return project.url(**parameters).replace("127.0.0.1", host)


def said(project: Supabase, host: str, **parameters: str) -> str:
    return "\n".join(map(str, preflight(url(project, host, **parameters), WANTED).findings))


def test_verify_full_enters_by_the_name_in_the_certificate(encrypted: Supabase, authority: Authority) -> None:
    certificate = str(authority.certificate)
    words = said(encrypted, "localhost", sslmode="verify-full", sslrootcert=certificate)
    assert "as postgres, encrypted" in words
    assert "does not check" not in words


def test_another_name_is_refused(encrypted: Supabase, authority: Authority) -> None:
    certificate = str(authority.certificate)
    words = said(encrypted, "127.0.0.1", sslmode="verify-full", sslrootcert=certificate)
    assert "the server's certificate is for another host name" in words
    assert "Connect by the name in the certificate" in words


def test_another_authority_is_refused(encrypted: Supabase, tmp_path: Path) -> None:
    other = Authority.make(tmp_path / "other")
    words = said(encrypted, "localhost", sslmode="verify-full", sslrootcert=str(other.certificate))
    assert "not signed by what sslRootCertificate holds" in words
    assert "sslRootCertificate to its file" in words


def test_require_encrypts_without_asking_who_answers(encrypted: Supabase) -> None:
    assert "as postgres, encrypted" in said(encrypted, "127.0.0.1", sslmode="require")
    assert "as postgres, not encrypted" in said(encrypted, "127.0.0.1", sslmode="disable")


def test_pg_dump_enters_the_same_way(encrypted: Supabase, authority: Authority) -> None:
    distribution = install()
    programs = Programs(distribution.root / "bin", {"LD_LIBRARY_PATH": distribution.library_path})
    for host, code in (("localhost", 0), ("127.0.0.1", 1)):
        certificate = str(authority.certificate)
        right = url(encrypted, host, sslmode="verify-full", sslrootcert=certificate)
        process = programs.start(
            "pg_dump", ["--schema-only", "--table=todos"], right, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = process.communicate(timeout=60)
        assert process.returncode == code, err
        assert (b"CREATE TABLE public.todos" in out) == (code == 0)


def test_a_certificate_file_that_is_missing_is_named(encrypted: Supabase) -> None:
    words = said(encrypted, "localhost", sslmode="verify-full", sslrootcert="/nonexistent/ca.crt")
    assert "sslMode wants a root certificate, and there is none" in words
    assert "/nonexistent/ca.crt" in words


def test_the_systems_certificates_are_an_authority_too(
    encrypted: Supabase, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    assert "as postgres, encrypted" in said(encrypted, "localhost", sslmode="verify-full", sslrootcert="system")
