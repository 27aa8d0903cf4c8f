"""What an error becomes: a page that helps, or JSON where a program asked.

Whatever happens, the page's bar holds the search of the address, so nothing typed is lost.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flask import jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from app import views
from app.asking import read
from app.errors import AkinError, InvalidReference, InvalidSearch, NotFound, PrefetchSpared
from app.pages import requested, site
from app.pages.visiting import failure_headers
from app.reading import pairs_of

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue

log = logging.getLogger(__name__)

FILES: Final = (".csv", ".atom", ".png", ".zip", ".pdf", ".xml")  # what a path asks for


class _Failure(AkinError):
    title = "Something went wrong here"
    advice = "It was written down. Your search is kept in the address: try again, or start over."
    code = "INTERNAL"


class _HttpFailure(AkinError):
    advice = "Go back, or start over."

    def __init__(self, error: HTTPException) -> None:
        super().__init__(error.description or "")
        self.status = error.code or 500
        self.name = error.name


def init_app(app: Flask) -> None:
    """Answer every error of this application."""
    app.register_error_handler(AkinError, answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def answer(error: AkinError) -> ResponseReturnValue:
    """Answer an error in the form that was asked for, with its status."""
    headers = failure_headers(error)
    if isinstance(error, PrefetchSpared):  # no page of it is ever seen
        return error.message, error.status, headers
    if request.path.endswith(".json"):
        return jsonify(_as_json(error)), error.status, headers
    if request.path.endswith(FILES) and not _is_clicked():
        return _as_text(error), error.status, headers | {"Content-Type": "text/plain"}
    text = _posted_search() if request.method == "POST" else None
    search, display, _ = requested() if text is None else read(pairs_of(text))
    page = views.bar_view(search, display=display, error=error, again_url=_again(error))
    return render_template("error.html", page=page), error.status, headers


def _again(error: AkinError) -> str:
    """This address, where what went wrong may be over by itself; a form is sent by its page."""
    query = request.query_string.decode("ascii", "replace")
    is_passing = error.status >= 500 and request.method == "GET"
    path = "/" + quote(request.path).lstrip("/")  # of this host, whatever it is called
    return "?".join(filter(None, (path, query))) if is_passing else ""


def _posted_search() -> str:
    """The search that a form carries along; nothing where the form is what could not be read."""
    try:
        return request.form.get("search", "")
    except HTTPException:
        return ""


def _is_clicked() -> bool:
    """Tell whether a button of a page has asked, which shows what comes instead of the file.

    Links to files are followed by programs and saved by browsers, whatever they accept.
    """
    accepts_pages = any(value == "text/html" for value, _ in request.accept_mimetypes)
    return request.path.startswith("/selection.") and accepts_pages


def _as_text(error: AkinError) -> str:
    """For programs that have asked for a file: a line each, no markup."""
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


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is not None and error.code < 400:
        return error.get_response()
    if error.code == 404:
        return answer(NotFound(f"No page has the address {request.path[:200]}."))
    if error.code == 413:
        most = site().references.most_bytes / 1e6
        message = f"The upload is larger than the {most:.0f} MB that can be used."
        return answer(InvalidReference(message, status=413))
    return answer(_HttpFailure(error))


def _unforeseen(error: Exception) -> ResponseReturnValue:
    log.error("unforeseen", exc_info=error)
    return answer(_Failure(f"{type(error).__name__}"))
