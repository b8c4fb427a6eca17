"""A failure is told to a service of the user's: one small POST, which changes nothing about the failure itself."""

import http.client
import json
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from infra.backup_job import stopping
from infra.backup_job.report import Report
from infra.backup_job.store_settings import StoreSettings

TIMEOUT = 5.0
PAUSE = 2.0
"""Seconds before the second and last attempt."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would become a GET without its body, and count as delivered."""

    def redirect_request(self, *_arguments: Any, **_keywords: Any) -> None:
        return None


def tell(settings: StoreSettings, report: Report, event: str, error: str) -> bool:
    """Tell the webhook of `settings`, if there is one, that something failed; say whether it knows.

    Args:
        settings: the webhook, and which stack this is.
        report: where it is told if the webhook can not be reached; its URL, which often is a secret, is not.
        event: what failed.
        error: the sentence that was logged; it holds no secrets.
    """
    stopping.check()  # a run that was told to stop did not fail
    if settings.failure_webhook is None:
        return True
    url = settings.failure_webhook.get_secret_value()
    body = _body(settings, event, error)
    said = _attempt(url, body)
    if said is not None:
        stopping.wait(PAUSE)
        said = _attempt(url, body)
    if said is not None:
        report("webhook failed", host=urlsplit(url).hostname, error=said, told=event)
    return said is None


def _body(settings: StoreSettings, event: str, error: str) -> bytes:
    values = {
        "event": event,
        "stack": settings.stack,
        "bucket": settings.s3_bucket,
        "error": error,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "text": f"{event}, stack {settings.stack}: {error}",  # what chats show
    }
    return json.dumps(values).encode()


def _attempt(url: str, body: bytes) -> str | None:
    """POST `body`; return what went wrong, in words that do not hold the URL."""
    request = urllib.request.Request(  # noqa: S310 (settings take http and https alone)
        url, data=body, headers={"Content-Type": "application/json", "User-Agent": "agent-ecosystem backup_job"}
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT):
            return None
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answered {error.code}"
    except urllib.error.URLError as error:
        words = error.reason.strerror if isinstance(error.reason, OSError) else None
        return words or type(error.reason).__name__
    except (OSError, http.client.HTTPException) as error:  # no answer in time, or none that is HTTP
        return type(error).__name__
