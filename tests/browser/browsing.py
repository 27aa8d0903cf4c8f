"""Debian's Chromium under Playwright, pages that watch themselves, and waiting for what comes.

What a click or a key leads to is there when `Page.wait_for_url` returns: a new page has run its
scripts by then, and a page that stays changes its address and what it shows in one step. Only
`Page.goto`, `reload` and `go_back` to another page wait by themselves. So wait for the address, not
for an element alone: a page that is half there has elements, too.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Locator,
        Page,
        Playwright,
    )

FLAGS = [
    "--no-sandbox",  # containers forbid what the sandbox needs
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MOST_TEMPORARY = 60  # letters: an address of a socket has 104 at the most, of which it takes 42
PATIENCE = 90_000  # milliseconds for one step, on a busy machine

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    # macOS has its applications outside of PATH
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def chromium() -> str | None:
    """Where the browser is; None where there is none."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    """Start the browser. Raises RuntimeError where there is none."""
    path = chromium()
    if path is None:
        msg = "no Chromium found; on Debian: apt-get install chromium"
        raise RuntimeError(msg)
    return playwright.chromium.launch(executable_path=path, args=FLAGS, env=_environment())


def _environment() -> dict[str, str | float | bool]:
    """Of the browser: a socket of its own has to fit below the folder for temporary files."""
    is_short = len(tempfile.gettempdir()) < MOST_TEMPORARY
    return {**os.environ} if is_short else {**os.environ, "TMPDIR": "/tmp"}  # noqa: S108 - as said


def asking(**pairs: str) -> Callable[[str], bool]:
    """What `Page.wait_for_url` takes: whether an address has these pairs, among others."""
    return lambda url: set(pairs.items()) <= set(parse_qsl(urlsplit(url).query))


def eventually(page: Page, condition: str | Callable[[], bool]) -> None:
    """Wait until an expression of the page, or a function of ours, is true.

    Playwright's own way evaluates text in the page, which no page may. Where a page may go away
    meanwhile, wait for the next one's address before.
    """
    end = time.monotonic() + PATIENCE / 1000
    while not (page.evaluate(condition) if isinstance(condition, str) else condition()):
        if time.monotonic() > end:
            pytest.fail(f"never true: {condition}")
        page.wait_for_timeout(100)


def listen(element: Locator) -> str:
    """Note what an element says from now on, however short; answers where: an array of texts."""
    element.evaluate(
        """(element) => {
          window.said = [];
          const note = () => window.said.push(element.textContent);
          const what = { childList: true, characterData: true, subtree: true };
          new MutationObserver(note).observe(element, what);
        }"""
    )
    return "window.said"


class Watch:
    """The contexts of one test, and what went wrong in any of their pages.

    A test that expects trouble takes it out of `troubles`, or names it to `forgive` before.
    """

    def __init__(self, browser: Browser, url: str, *others: str) -> None:
        """Open pages of `browser` with relative addresses below `url`.

        `others` are the origins that may be asked besides, as the API's own for its pictures.
        """
        self._browser = browser
        self._url = url
        self._origins = tuple(f"{origin}/" for origin in (url, *others))
        self._forgiven: list[str] = []
        self._contexts: list[BrowserContext] = []
        self.troubles: list[str] = []

    def context(self, **options: Any) -> BrowserContext:
        """A fresh context: no cookie, no storage, no cache shared with any other."""
        context = self._browser.new_context(base_url=self._url, **options)
        context.set_default_timeout(PATIENCE)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._trouble(f"exception: {error.error}"))
        context.on("request", lambda request: self._request(request.url))
        self._contexts.append(context)
        return context

    def page(self, **options: Any) -> Page:
        """The only page of a fresh context."""
        return self.context(**options).new_page()

    def forgive(self, words: str) -> None:
        """Expect trouble that has these words."""
        self._forgiven.append(words)

    def close(self) -> list[str]:
        """Close every context and tell the troubles that were not forgiven."""
        for context in self._contexts:
            context.close()
        return self.troubles

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            place = message.location.get("url", "")
            self._trouble(f"console {message.type}: {message.text} ({place})")

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and not url.startswith(self._origins):
            self._trouble(f"request to another host: {url}")

    def _trouble(self, text: str) -> None:
        if not any(words in text for words in self._forgiven):
            self.troubles.append(text)
