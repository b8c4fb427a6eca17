"""Whether a volume server has joined SeaweedFS' master, asked over gRPC as one of its own servers."""

from pathlib import Path

HOST = "127.0.0.1"
VOLUME_LIST = "/master_pb.Seaweed/VolumeList"
TIMEOUT = 2.0


def volume_server_joined(master_grpc: int, volume: int, certificate: Path, key: Path, name: str) -> bool:
    """Say whether the master knows the volume server: before that, reads of old objects fail.

    Args:
        master_grpc: the master's gRPC port.
        volume: the volume server's HTTP port, which it is known by.
        certificate: the one certificate of all servers.
        key: its key.
        name: whom the certificate is made out to.
    """
    import grpc  # noqa: PLC0415 - only a start needs it

    shown = certificate.read_bytes()
    credentials = grpc.ssl_channel_credentials(shown, key.read_bytes(), shown)
    options = [("grpc.ssl_target_name_override", name)]
    with grpc.secure_channel(f"{HOST}:{master_grpc}", credentials, options) as channel:
        try:
            # The empty request is no bytes; of the answer only the server's address matters.
            ask = channel.unary_unary(VOLUME_LIST, request_serializer=bytes, response_deserializer=bytes)
            answer: bytes = ask(b"", timeout=TIMEOUT)
        except grpc.RpcError:
            return False
    return f"{HOST}:{volume}".encode() in answer
