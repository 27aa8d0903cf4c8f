"""Akin below a path of its host, as proxies and WSGI servers put it there, and a crawler.

browser = BelowPath(app.wsgi_app, "/akin", "stripped").browser()
crawl(browser, "/akin", ["/akin/"])
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup
from werkzeug.test import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from bs4 import Tag

STYLES = ("stripped", "kept", "script name")
HOST = "http://localhost"
# Attributes that contain texts, not addresses.
_TEXTS = {"value", "alt", "title", "placeholder", "aria-label", "label", "data-keys"}


class BelowPath:
    """WSGI application that answers requests below a path, and 418 all others.

    `stripped` and `kept` are proxies that remove the path and that do not, `script name` a server.
    """

    def __init__(self, application: WSGIApplication, prefix: str, style: str) -> None:
        self._application, self._prefix, self._style = application, prefix, style

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ.setdefault("REMOTE_ADDR", "127.0.0.1")
        raw = unquote(self._prefix, encoding="latin-1")
        path = environ["PATH_INFO"]
        if path != raw and not path.startswith(f"{raw}/"):
            start_response("418 Outside", [])
            return [path.encode("latin-1")]
        if self._style != "kept":
            environ["PATH_INFO"] = path.removeprefix(raw)
        if self._style == "script name":
            environ["SCRIPT_NAME"] = raw
        else:
            environ["HTTP_X_FORWARDED_PREFIX"] = self._prefix
        return self._application(environ, start_response)

    def browser(self) -> Client:
        """Return a client with cookies of its own."""
        return Client(self)


def addresses(page: BeautifulSoup) -> Iterator[tuple[Tag, str, str]]:
    """Yield every address of a page: its element, its attribute, and the address."""
    for tag in page.find_all(True):
        for name, value in tag.attrs.items():
            if name == "srcset":
                yield from ((tag, name, each.split()[0]) for each in value.split(", "))
            elif isinstance(value, str) and name not in _TEXTS and re.match(r"/|https?://", value):
                yield tag, name, value


def urls_in(content: Any) -> Iterator[str]:
    """Yield every field `url` of JSON."""
    if isinstance(content, dict):
        for name, value in content.items():
            if name == "url" and isinstance(value, str):
                yield value
            else:
                yield from urls_in(value)
    elif isinstance(content, list):
        for each in content:
            yield from urls_in(each)


def crawl(browser: Client, prefix: str, starts: Iterable[str], *, most: int = 250) -> set[str]:
    """Follow every address of pages, and return the paths seen; raises AssertionError.

    All addresses of this host are below the prefix, and each is answered. Of addresses that differ
    in their query or an id only, the first few are requested.
    """
    queue, seen, kinds = [(each, "start") for each in starts], set(), dict[str, int]()
    while queue and len(seen) < most:
        url, source = queue.pop(0)
        parts = urlsplit(urljoin(HOST, url))
        kind = re.sub(r"asset_\w+|[0-9a-f]{12}", "-", parts.path)
        kinds[kind] = kinds.get(kind, 0) + 1
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        if target in seen or kinds[kind] > 4:
            continue
        seen.add(target)
        response = browser.get(target, buffered=True)
        assert response.status_code < 400, f"{target} of {source}: {response.status}"
        for found, is_link in _found(response, target):
            there = urlsplit(urljoin(HOST, found))
            if f"{there.scheme}://{there.netloc}" == HOST:
                assert there.path.startswith(f"{prefix}/"), f"{found} of {target}"
                if is_link:
                    queue.append((found, target))
    return seen


def _found(response: Any, target: str) -> Iterator[tuple[str, bool]]:
    """Yield the addresses in a response, and whether they can be requested by GET."""
    if location := response.headers.get("Location"):
        yield urljoin(HOST + target, location), True
    if "/file/" in target:
        return  # the file of an asset is no page
    if response.mimetype == "application/json":
        yield from ((url, True) for url in urls_in(json.loads(response.data)))
    elif response.mimetype in {"application/atom+xml", "application/opensearchdescription+xml"}:
        for url in re.findall(rf"{HOST}[^\"<]*", response.text):
            yield url.replace("&amp;", "&"), "{" not in url
    elif response.mimetype == "text/css":
        for url in re.findall(r"url\(\"?([^)\"]+)", response.text):
            yield urljoin(target, url), True
    elif response.mimetype == "text/javascript":
        for url in re.findall(r'(?:from|import) "(\.{1,2}/[^"]+)"', response.text):
            yield urljoin(target, url), True
    elif response.mimetype == "text/html":
        for _, name, url in addresses(BeautifulSoup(response.data, "html.parser")):
            yield url, name not in {"action", "formaction"}
