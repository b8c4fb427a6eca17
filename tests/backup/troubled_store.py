"""A proxy before the real store that loses answers, or says 503 to the first requests of each kind."""

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

LOSE, BUSY = "lose", "busy"
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"

Trouble = Callable[[str, int], str | None]
"""Given the kind of a request and how many of that kind came before: LOSE, BUSY, or nothing."""


def kind_of(handler: BaseHTTPRequestHandler) -> str:
    """Return what is asked: the method, what it is about, and whether under a condition."""
    query = urlsplit(handler.path).query
    about = next((word for word in ("uploads", "partNumber", "uploadId", "list-type") if word in query), "object")
    condition = any(name in handler.headers for name in ("If-Match", "If-None-Match"))
    copy = "x-amz-copy-source" in handler.headers
    return f"{handler.command} {about}{' if' if condition else ''}{' copy' if copy else ''}"


@contextmanager
def troubled(endpoint: str, trouble: Trouble) -> Iterator[tuple[str, Counter[str]]]:
    """Run the proxy; give its URL, and how many requests of each kind came."""
    seen: Counter[str] = Counter()
    lock = threading.Lock()
    host = urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = kind_of(self)
            with lock:
                what = trouble(kind, seen[kind])
                seen[kind] += 1
            if what == BUSY:
                self.give(503, {"Content-Type": "application/xml"}, SLOW_DOWN)
                return
            store = http.client.HTTPConnection(host, timeout=60)
            store.request(self.command, self.path, body, dict(self.headers))  # signed for the proxy's own Host
            found = store.getresponse()
            content = found.read()
            store.close()
            if what == LOSE:
                self.close_connection = True
            else:
                self.give(found.status, dict(found.getheaders()), content)

        def give(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                    self.send_header(name, value)
            if self.command == "HEAD":
                self.send_header("Content-Length", headers.get("Content-Length", "0"))
            else:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815 (the library's own names)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
