"""The page that a request without a sign-in wants, and to which the sign-in leads on."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlencode

from flask import request
from werkzeug.urls import iri_to_uri

from app.auth.base_path import internal_path
from app.auth.origins import LONGEST_PATH

_PAGES: Final = frozenset({"document", "iframe", "frame"})
_FILE: Final = re.compile(r"\.[a-z]{2,5}$")  # the end of the path of an export
_FORM: Final = "application/x-www-form-urlencoded"


def is_navigation() -> bool:
    """Return whether the response is shown as a page, so that a redirect leads a person on.

    Else the page of the sign-in would be saved as the file that a browser or a program wanted.
    """
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return False
    if request.headers.get("Sec-Fetch-Dest", "document") not in _PAGES:
        return False  # a link with the attribute `download`, or "Save link as"
    if not _FILE.search(request.path) or "text/html" in request.accept_mimetypes.values():
        return True
    return "Accept" not in request.headers and not request.path.endswith(".json")


def requested_path() -> str | None:
    """Return the path with the query that a GET needs for what is requested; None: there is none.

    The fields of a form become a query where its address can be requested by GET as well. Forms
    with files cannot be sent again.
    """
    # Not full_path, which raises where the bytes of the query are no UTF-8.
    query = request.query_string.decode("utf-8", "replace")
    if request.method not in {"GET", "HEAD"}:
        rule = request.url_rule
        if rule is None or "GET" not in (rule.methods or ()) or request.mimetype != _FORM:
            return None
        fields = urlencode(list(request.form.items(multi=True)))
        query = "&".join(filter(None, (query, fields)))
    path = iri_to_uri(request.script_root + request.path + (f"?{query}" if query else ""))
    target = internal_path(path)
    return target if len(target) <= LONGEST_PATH else None
