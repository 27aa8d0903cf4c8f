"""The progress of the indexer of Akin's own library, as pages show it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from app.errors import AkinError, UpstreamError
from app.scenario import request_budget
from app.scenario.library import Indexing

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.scenario.client import Client

_SECONDS: Final = 1.0  # that a response is used: many pages are requested at once
_PAUSE: Final = 30.0  # seconds before a library that has no such call is asked again
_RETRY: Final = 3.0  # seconds before one that did not respond is asked again
_MOST_SECONDS: Final = 1.0  # that a page waits for it


class Indexer:
    """The progress of one library's indexer. Thread-safe."""

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Send nothing yet."""
        self._client, self._clock = client, clock
        self._latest: tuple[float, Indexing | None] = (0.0, Indexing())  # until when it is used

    def progress(self) -> Indexing | None:
        """Return the progress, at most a second old; None where the API has none.

        From then on the client uses no response from before the library's last change. Where the
        library does not respond in time, the progress before is returned.
        """
        until, latest = self._latest
        if self._clock() < until:
            return latest
        budget = request_budget.current().limited(_MOST_SECONDS, optional=True)
        try:
            latest, seconds = self._client.indexing(budget), _SECONDS
        except AkinError as error:
            has_none = isinstance(error, UpstreamError) and error.upstream_status == 404
            latest, seconds = (None, _PAUSE) if has_none else (self._latest[1], _RETRY)
        self._latest = self._clock() + seconds, latest
        return latest

    def follow(self) -> None:
        """Let the client use no response from before this moment's state. Raises UpstreamError."""
        latest = self._client.indexing(request_budget.current())
        self._latest = self._clock() + _SECONDS, latest
