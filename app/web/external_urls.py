"""Adds the path below which Akin is to the URLs of a response.

Templates, view models and all caches of pages and their pieces contain paths from the root of the
application. They become those that the browser needs in one place, so no cache can mix two paths.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.auth.base_path import base_path

if TYPE_CHECKING:
    from flask import Flask, Response

# A quote in a text is escaped, in HTML and in JSON: only an attribute or a field can match.
# `//host` is no path of this server.
_ATTRIBUTES: Final = tuple(
    f"{space}{name}".encode()
    for name in (
        *("href", "src", "action", "formaction", "poster"),
        *("data-media", "data-original", "data-retry-url", "data-total-src"),
    )
    for space in " \n"
)
_SRCSETS: Final = (b" srcset", b"\nsrcset")
_URL_FIELD: Final = re.compile(rb'("url"\s*:\s*")(?=/(?!/))')


def init_app(app: Flask) -> None:
    """Add the path to every response of an application."""
    app.after_request(below_base_path)


def below_base_path(response: Response) -> Response:
    """Return a response whose paths of this server begin with the base path."""
    base = base_path()
    if not base:
        return response
    location = response.headers.get("Location", "")
    if location.startswith("/") and not location.startswith("//"):
        response.headers["Location"] = base + location
    if response.is_streamed or response.direct_passthrough:
        return response
    if response.mimetype == "text/html":
        response.set_data(_page(response.get_data(), base.encode()))
    elif response.mimetype == "application/json":  # a base path contains no backslash
        response.set_data(_URL_FIELD.sub(rb"\g<1>" + base.encode(), response.get_data()))
    return response


def _page(html: bytes, base: bytes) -> bytes:
    """Return a page with the base path in its attributes; faster than a regular expression."""
    before, *others = html.split(b'="/')
    pieces = [before]
    for piece in others:
        is_path = not piece.startswith(b"/")
        if is_path and before.endswith(_SRCSETS):
            urls, quote, rest = piece.partition(b'"')
            added = urls.replace(b", /", b", " + base + b"/")
            pieces += [b'="', base, b"/", added, quote, rest]
        elif is_path and before.endswith(_ATTRIBUTES):
            pieces += [b'="', base, b"/", piece]
        else:
            pieces += [b'="/', piece]
        before = piece
    return b"".join(pieces)
