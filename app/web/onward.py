"""Responses that lead a browser on: redirects, and pages that lead on by themselves.

A redirect names its target in a header, and proxies accept response headers of 4 kB. To a longer
target leads a page, and so to a download, because the browser stays on the page before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import current_app, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.urls import iri_to_uri

from app.auth.base_path import base_path
from app.viewmodels.sign_in import OnwardView
from app.web.context import services

if TYPE_CHECKING:
    from flask import Flask, Response
    from flask.typing import ResponseReturnValue

MAX_LOCATION: Final = 1200  # bytes; cookies are beside it
ROOM: Final = 300  # bytes of a path, with cookies beside it, that leave room for the pages' policy
# Downloads of one thing, and the page of it.
_PAGES: Final = {
    "asset.download": "/assets/{asset_id}",
    "stored_selections.export": "/selections/{selection_id}",
    "stored_selections.provenance_export": "/selections/{selection_id}/provenance",
}
# Provenance sheets as files, and their pages.
_SHEETS: Final = {
    "provenance.export": "/provenance",
    "selection.provenance_export": "/selection/provenance",
}
_REDIRECT_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"  # shorter than that of pages
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def init_app(app: Flask) -> None:
    """Replace redirects to long targets by pages. Register this after what compresses pages."""
    app.after_request(_with_short_headers)


def is_long(location: str) -> bool:
    """Return whether a target does not fit into the header of a redirect."""
    return len(iri_to_uri(location)) > MAX_LOCATION


def after_sign_in(target: str) -> ResponseReturnValue:
    """Return the response that leads to `target`, a path, after a sign-in."""
    if back_url := _page_of_download(target):
        return _page(OnwardView(iri_to_uri(target), is_download=True, back_url=back_url))
    return redirect(target, 303)


def _page_of_download(target: str) -> str:
    """Return the path of the page that a download belongs to; "" where `target` is no download."""
    path, _, query = target.partition("?")
    try:
        endpoint, values = current_app.url_map.bind(request.host).match(path, method="GET")
    except HTTPException:
        return ""
    formats = services().formats
    suffix = values.get("suffix")
    if endpoint in _PAGES:
        return _PAGES[endpoint].format(**values)
    if endpoint == "reference_images.file" and "download=" in query:
        return "/"
    if endpoint == "exports.search":
        is_download = any(e.suffix == suffix and e.is_download for e in formats.of_search)
        page = "/"
    elif endpoint == "selection.export":
        is_download = any(e.suffix == suffix and e.is_download for e in formats.of_selection)
        page = "/selection"
    elif endpoint in _SHEETS:
        is_download = any(e.suffix == suffix and e.is_download for e in formats.of_provenance)
        page = _SHEETS[endpoint]
    else:
        return ""
    return (f"{page}?{query}" if query else page) if is_download else ""


def _with_short_headers(response: Response) -> Response:
    location = response.headers.get("Location", "")
    if response.status_code not in _REDIRECTS:
        return response
    accepts_pages = "text/html" in request.accept_mimetypes.values()
    is_for_page = location.startswith("/") or accepts_pages  # else a file elsewhere, as a picture
    if len(location) <= MAX_LOCATION or not is_for_page:
        if location.startswith("/") and len(location) > ROOM:
            response.headers.setdefault("Content-Security-Policy", _REDIRECT_POLICY)
        return response
    page = _page(OnwardView(location))
    for name, value in response.headers:
        if name in {"Set-Cookie", "Clear-Site-Data", "Referrer-Policy"}:
            page.headers.add(name, value)
    return page


def _page(view: OnwardView) -> Response:
    # The URL in the header of the page is no attribute of its own, to which the base path is added.
    base = base_path() if view.url.startswith("/") else ""
    response = make_response(render_template("onward.html", page=view, refresh=base + view.url))
    response.headers["Cache-Control"] = "no-store"
    return response
