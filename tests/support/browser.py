"""Debian's Chromium under Playwright, pages whose problems are recorded, and waiting.

What a click or a key leads to is there when `Page.wait_for_url` returns: a new page has run its
scripts by then, and a page that stays changes its address and what it shows in one step. Only
`Page.goto`, `reload` and `go_back` to another page wait by themselves. So wait for the address, not
for an element alone: a page that is half there has elements, too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import uuid
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Error

from tests.support import waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    # Chromium's own menu of its address bar is a page, too: a third of the time of a new context.
    # The last such flag holds, so the features that Playwright turns off follow.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,AimEnabled,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,OptimizationHints,"
    "ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,PreconnectToSearch",
]
MOST_TEMPORARY = 60  # letters: an address of a socket has 104 at the most, of which it takes 42
PATIENCE = 90_000  # milliseconds for one step, on a busy machine

_MARK = f"--akin-tests={uuid.uuid4().hex}"  # a flag that tells this process's browsers from others
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
    """Return the path of the browser; None if none is installed."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    """Start the browser. Raises RuntimeError if none is installed."""
    path = chromium()
    if path is None:
        msg = "no Chromium found; on Debian: apt-get install chromium"
        raise RuntimeError(msg)
    return playwright.chromium.launch(
        executable_path=path, args=[*FLAGS, _MARK], env=_environment()
    )


def _environment() -> dict[str, str | float | bool]:
    """Return the browser's environment: its socket's path must not be too long."""
    is_short = len(tempfile.gettempdir()) < MOST_TEMPORARY
    return {**os.environ} if is_short else {**os.environ, "TMPDIR": "/tmp"}  # noqa: S108 - a short path


@contextmanager
def closing(browser: Browser, patience: float = PATIENCE / 1000) -> Iterator[None]:
    """Kill a browser that `launch` has started when what is closed within is not closed in time.

    Chromium 156 never answers that a context is closed when that comes while a page goes back to
    the one before. `patience` is in seconds.
    """
    killed = threading.Event()

    def kill() -> None:
        killed.set()
        subprocess.run(["pkill", "-KILL", "-f", "--", _MARK], check=False)

    timer = threading.Timer(patience, kill)
    timer.start()
    try:
        yield
    except Error:
        if not killed.is_set():
            raise
        browser.close()  # until Playwright has seen its end
        print(f"Chromium did not close within {patience:g} s: killed", file=sys.stderr)
    finally:
        timer.cancel()
        timer.join()


def has_params(**pairs: str) -> Callable[[str], bool]:
    """Return a predicate for `Page.wait_for_url`: whether a URL has these parameters."""
    return lambda url: set(pairs.items()) <= set(parse_qsl(urlsplit(url).query))


def eventually(page: Page, condition: str | Callable[[], bool]) -> None:
    """Wait until a JavaScript expression or a Python function is true.

    `Page.wait_for_function` needs `eval`, which the Content-Security-Policy of the pages forbids.
    If the page may be left meanwhile, wait for the URL of the next page first.
    """
    predicate = partial(page.evaluate, condition) if isinstance(condition, str) else condition
    waiting.eventually(
        predicate,
        PATIENCE / 1000,
        pause=lambda seconds: page.wait_for_timeout(seconds * 1000),
    )


def pause_clock(page: Page) -> None:
    """Stop the clock of the page's scripts, from its next address on.

    `page.clock.install` alone goes on with real time, so that timers run on a slow machine. After
    this, only `page.clock.run_for` and `fast_forward` move the time.
    """
    page.clock.install(time=0)
    page.clock.pause_at(1)


def listen(element: Locator) -> str:
    """Record all texts of an element from now on; return the JavaScript name of the array."""
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
    """The contexts of one test, and the problems of all their pages.

    A test that expects a problem removes it from `problems`, or calls `allow` before.
    """

    def __init__(self, browser: Browser, url: str, *others: str) -> None:
        """Open pages of `browser` with relative addresses below `url`.

        `others` are further allowed origins of requests, such as the API's for pictures.
        """
        self._browser = browser
        self._url = url
        self._origins = tuple(f"{origin}/" for origin in (url, *others))
        self._allowed: list[str] = []
        self._contexts: list[BrowserContext] = []
        self.problems: list[str] = []

    def context(self, **options: Any) -> BrowserContext:
        """Return a new context, which shares no cookies, storage or cache."""
        context = self._browser.new_context(base_url=self._url, **options)
        context.set_default_timeout(PATIENCE)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._problem(f"exception: {error.error}"))
        context.on("request", lambda request: self._request(request.url))
        self._contexts.append(context)
        return context

    def page(self, **options: Any) -> Page:
        """Return the only page of a new context."""
        return self.context(**options).new_page()

    def allow(self, words: str) -> None:
        """Ignore problems that contain this text."""
        self._allowed.append(words)

    def close(self) -> list[str]:
        """Close every context; return the problems that were not allowed."""
        with closing(self._browser):
            for context in self._contexts:
                context.close()
        return self.problems

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            place = message.location.get("url", "")
            self._problem(f"console {message.type}: {message.text} ({place})")

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and not url.startswith(self._origins):
            self._problem(f"request to another host: {url}")

    def _problem(self, text: str) -> None:
        if not any(words in text for words in self._allowed):
            self.problems.append(text)
