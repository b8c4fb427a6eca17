"""pgstack:tls:Seal, a certificate for a port that nobody may use."""

from datetime import UTC, datetime, timedelta

from typing_extensions import override

from infra.plugin import Context, Inputs, Resource
from infra.plugin.resource import State

LIFETIME = timedelta(days=36500)


class SealInputs(Inputs):
    """A seal has no inputs."""


class Seal(Resource[SealInputs]):
    """A server's `certificate` and `key`, and an `authority` whose own key is forgotten: it never signs anything.

    A server that takes only clients with a certificate of this authority takes none: a port that can neither be
    switched off nor bound to the loopback is closed.
    """

    token = "pgstack:tls:Seal"  # noqa: S105
    inputs_type = SealInputs
    secrets = frozenset({"key"})
    computed = ("certificate", "key", "authority")
    importable = False

    @override
    def create(self, context: Context, inputs: SealInputs) -> tuple[str, State]:
        certificate, key = _self_signed("sealed")
        authority, _ = _self_signed("nobody")
        return context.name, {"certificate": certificate, "key": key, "authority": authority}

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State]:
        return inputs, state

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: SealInputs) -> State:
        return old

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        return None


def _self_signed(name: str) -> tuple[str, str]:
    """Return a certificate and its key, as PEM."""
    from cryptography import x509  # noqa: PLC0415 - a no-op preview needs none of it
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFETIME)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()
