"""The path below which Akin is: SCRIPT_NAME of WSGI, set by a server or by X-Forwarded-Prefix.

Inside of Akin every path begins at the root of the application, so that pages and their cached
pieces are the same wherever it is. `app.web.external_urls` adds the path to what leaves.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from flask import request

MOUNT_BASE: Final = "akin.base_path"  # of a WSGI environ below a mount: SCRIPT_NAME without it
SAFE: Final = "/~+@="
# After decoding. Nothing that begins a query or a parameter, nor anything that HTML or a cookie
# would have to escape.
_PATH: Final = re.compile(r"(?:/[\w.~+@=-]+)+")
_DOTS: Final = re.compile(r"/\.{1,2}(?:/|$)")


def base_path() -> str:
    """Return the path of the current request's application as in a URL; "" at the root."""
    environ = request.environ
    raw = str(environ.get(MOUNT_BASE, environ.get("SCRIPT_NAME", "")))
    return quote(raw.rstrip("/").encode("latin-1", "replace"), safe=SAFE)


def internal_path(path: str) -> str:
    """Return a path as browsers see it, with its query, as a path of the application."""
    base = base_path()
    rest = path.removeprefix(base)
    return rest if rest != path and rest.startswith("/") else path


def script_name(prefix: str) -> str | None:
    """Return the WSGI SCRIPT_NAME of a header's prefix ("" for the root), None if it is no path."""
    text = prefix.strip(" \t").rstrip("/")
    raw = unquote_to_bytes(text.encode("latin-1", "replace"))
    try:
        path = raw.decode()
    except UnicodeDecodeError:
        return None
    is_path = not path or (_PATH.fullmatch(path) and not _DOTS.search(path))
    return raw.decode("latin-1") if is_path else None
