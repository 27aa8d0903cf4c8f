"""Receivers of notifications: Slack, Discord, Teams, mail and others, by the package `apprise`.

A URL contains secrets: a receiver is named by its service and its place in the setting.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_APPRISE: Final = "apprise"
_PARTS: Final = re.compile(r"[^A-Za-z0-9._~%-]+")
_LEAST: Final = 4  # characters; a shorter part of a URL could be in any word
_MOST_REASON: Final = 300
_SHOWN: Final = "…"
logging.getLogger(_APPRISE).propagate = False  # it logs parts of URLs


class ReceiverFailed(Exception):
    """A message that a receiver did not take; the text has no secret."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver. `id` is a digest of its URL, `label` what people read."""

    id: str
    label: str
    _url: str = field(repr=False)

    def check(self) -> None:
        """Raise ReceiverFailed where the URL cannot be one of a service. Nothing is sent."""
        self._opened()

    def send(self, title: str, text: str) -> None:
        """Send a message. May take as long as the receiver likes. Raises ReceiverFailed."""
        service = self._opened()
        with _Reasons() as reasons:
            try:
                is_sent = service.notify(body=text, title=title)
            except Exception as error:  # noqa: BLE001 - each service raises errors of its own
                raise ReceiverFailed(self._redacted(f"{type(error).__name__}: {error}")) from None
        if not is_sent:
            raise ReceiverFailed(self._redacted(reasons.last or "It did not take the message."))

    def _opened(self) -> Any:
        try:
            service = _service(self._url)
        except ImportError:
            raise ReceiverFailed(f"The package {_APPRISE} is not installed.") from None
        if service is None:
            raise ReceiverFailed("This is no URL of a service that apprise knows, or incomplete.")
        return service

    def _redacted(self, reason: str) -> str:
        """Return a reason without any part of the URL."""
        for part in sorted(_PARTS.split(self._url), key=len, reverse=True):
            if len(part) >= _LEAST:
                reason = reason.replace(part, _SHOWN)
        return " ".join(reason.split())[:_MOST_REASON]


class _Reasons(logging.Handler):
    """What apprise logs in this thread while a message is sent."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.last = record.getMessage()

    def __enter__(self) -> _Reasons:
        logging.getLogger(_APPRISE).addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger(_APPRISE).removeHandler(self)


def open_receivers(urls: Iterable[str]) -> tuple[Receiver, ...]:
    """Return the receivers at some URLs. Nothing is sent, and `apprise` is not imported."""
    return tuple(
        Receiver(
            hashlib.blake2b(url.encode(), digest_size=12).hexdigest(),
            f"receiver {place} ({_scheme(url)})",
            url,
        )
        for place, url in enumerate(urls, 1)
    )


def _scheme(url: str) -> str:
    return url.partition("://")[0][:20]


def _service(url: str) -> Any:
    """Return apprise's object for a URL; None where it knows no such service.

    Imported here: it takes a quarter of a second, and is an extra (extras.py).
    """
    import apprise

    return apprise.Apprise.instantiate(url, suppress_exceptions=True)
