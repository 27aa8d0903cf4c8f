"""Responses to errors: a page, JSON for programs, or text where a file was requested.

The search bar of an error page contains the search of the URL, so that nothing typed is lost.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flask import jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from app import viewmodels
from app.errors import AkinError, InvalidReference, InvalidSearch, NotFound, OptionalCallRefused
from app.query.params import pairs_of
from app.query.parsing import read
from app.web.caching.conditional import failure_headers
from app.web.context import requested, services

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue

log = logging.getLogger(__name__)

_TYPES: Final = ("text/html", "application/json")  # the first for a request that accepts all
_OTHER_FILES: Final = (".png", ".xml")  # besides those of the export formats


class _InternalError(AkinError):
    title = "Something went wrong here"
    advice = "The error was logged. Your search is kept in the address: try again, or start over."
    code = "INTERNAL"


class _FormTooLarge(AkinError):
    title = "This form is too large"
    advice = "Go back, select fewer assets or shorten the search, then send it again."
    status = 413
    code = "FORM_TOO_LARGE"


class _HttpError(AkinError):
    advice = "Go back, or start over."

    def __init__(self, error: HTTPException) -> None:
        super().__init__(error.description or "")
        self.status = error.code or 500
        self.name = error.name


def init_app(app: Flask) -> None:
    """Register the handlers for all errors of an application."""
    app.register_error_handler(AkinError, respond)
    app.register_error_handler(HTTPException, _respond_to_http_error)
    app.register_error_handler(Exception, _respond_to_unexpected_error)


def respond(error: AkinError) -> ResponseReturnValue:
    """Return an error in the requested format, with its status."""
    headers = failure_headers(error)
    if isinstance(error, OptionalCallRefused):  # the browser does not show it
        return error.message, error.status, headers
    if request.path.endswith(".json") or wants_json():
        return jsonify(_as_json(error)), error.status, headers
    files = (*_OTHER_FILES, *(f".{suffix}" for suffix in services().formats.suffixes))
    if request.path.endswith(files) and not _is_from_button():
        return _as_text(error), error.status, headers | {"Content-Type": "text/plain"}
    querystring = _search_field() if request.method == "POST" else None
    search, display, _ = requested() if querystring is None else read(pairs_of(querystring))
    page = viewmodels.bar_view(search, display=display, error=error, again_url=_retry_url(error))
    return render_template("error.html", page=page), error.status, headers


def wants_json() -> bool:
    """Return whether a script of a page sent this request, or a program."""
    accepted = request.accept_mimetypes
    return request.method == "POST" and accepted.best_match(_TYPES) == _TYPES[1]


def _retry_url(error: AkinError) -> str:
    """Return this URL if the error may be temporary; a form is sent again from its own page."""
    query = request.query_string.decode("ascii", "replace")
    is_temporary = error.status >= 500 and request.method == "GET"
    path = "/" + quote(request.path).lstrip("/")  # on this host, whatever the path looks like
    return "?".join(filter(None, (path, query))) if is_temporary else ""


def _search_field() -> str:
    """Return the search that a form contains; empty where the form could not be parsed."""
    try:
        return request.form.get("search", "")
    except HTTPException:
        return ""


def _is_from_button() -> bool:
    """Return whether a page's button was pressed: then the browser shows the response.

    Links to files are followed by programs and saved by browsers, whatever they accept.
    """
    accepts_pages = any(value == "text/html" for value, _ in request.accept_mimetypes)
    return request.path.startswith("/selection.") and accepts_pages


def _as_text(error: AkinError) -> str:
    return "\n".join(filter(None, (error.title, error.message, error.advice))) + "\n"


def _as_json(error: AkinError) -> dict[str, object]:
    body: dict[str, object] = {"error": error.message or error.title, "code": error.code}
    if error.field:
        body["field"] = error.field
    if isinstance(error, InvalidSearch):
        body["problems"] = [
            {"parameter": each.parameter, "value": each.value, "message": each.message}
            for each in error.problems
        ]
    return body


def _respond_to_http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is not None and error.code < 400:
        return error.get_response()
    if error.code == 404:
        return respond(
            NotFound(f"No page has the address {(request.script_root + request.path)[:200]}.")
        )
    if error.code == 413 and request.path == "/references":
        most = services().references.max_bytes / 1e6
        message = f"The upload is larger than the {most:.0f} MB that can be used."
        return respond(InvalidReference(message, status=413))
    return respond(_FormTooLarge() if error.code == 413 else _HttpError(error))


def _respond_to_unexpected_error(error: Exception) -> ResponseReturnValue:
    log.error("unexpected error", exc_info=error)
    return respond(_InternalError(type(error).__name__))
