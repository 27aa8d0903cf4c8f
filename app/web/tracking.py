"""Redirect of pages whose URL has tracking parameters: a reader may copy it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import redirect, request
from werkzeug.urls import iri_to_uri

from app.query.params import without_tracking
from app.web.onward import is_long

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.wrappers import Response


def init_app(app: Flask) -> None:
    """Redirect browsers; other programs get the response of the URL without the parameters."""
    app.before_request(_redirect_to_clean_url)


def _redirect_to_clean_url() -> Response | None:
    query = request.query_string.decode("latin-1")
    clean = without_tracking(query)
    if clean == query or request.method != "GET" or request.accept_mimetypes.best != "text/html":
        return None
    path = "/" + iri_to_uri(request.path).lstrip("/")  # of this host
    url = f"{path}?{clean}" if clean else path
    return None if is_long(url) else redirect(url, 302)
