"""The progress of the indexer of Akin's own library, as pages show it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from app.errors import AkinError
from app.scenario import request_budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.scenario.client import Client
    from app.scenario.library import Indexing

_SECONDS: Final = 1.0  # that a response is used: many pages are requested at once
_PAUSE: Final = 30.0  # seconds before a library that has no such call is asked again
_RETRY: Final = 3.0  # seconds before one that did not respond is asked again
_MOST_SECONDS: Final = 1.0  # that a page waits for it


class Indexer:
    """The progress of one library's indexer. Thread-safe."""

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Send nothing yet."""
        self._client, self._clock = client, clock
        self._latest: tuple[float, Indexing | None] = (0.0, None)  # until when it is used

    def progress(self) -> Indexing | None:
        """Return the progress, at most a second old; None where the API has none.

        From then on the client uses no response from before the library's last change.
        """
        until, latest = self._latest
        if self._clock() < until:
            return latest
        budget = request_budget.current().limited(_MOST_SECONDS, optional=True)
        try:
            latest, seconds = self._client.indexing(budget), _SECONDS
        except AkinError as error:
            latest, seconds = None, _PAUSE if error.status == 404 else _RETRY
        self._latest = self._clock() + seconds, latest
        return latest
