"""`/problems`: the files of the library that are not shown, damaged or missing, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request

from app.errors import NotFound
from app.scenario.library import CATEGORIES
from app.viewmodels.library.problems import problems_view
from app.web.caching import last_write
from app.web.context import requested, services

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

    from app.scenario.client import Client

blueprint = Blueprint("problems", __name__, url_prefix="/problems")

MAX_TOKEN = 200  # characters of a pagination token


def _library() -> Client:
    """Return the client of Akin's own library. Raises NotFound for any other API."""
    client = services().client
    if not client.is_library:
        raise NotFound("Only a library of folders lists its files.")
    return client


@blueprint.get("")
def problems() -> Response:
    """List a page of the problems, of one category or of all."""
    client = _library()
    category = request.args.get("category", "")
    if category not in CATEGORIES:
        category = ""
    token = request.args.get("after", "")[:MAX_TOKEN]
    search, display, _ = requested()
    page = problems_view(
        search,
        display,
        overview=client.overview(),
        found=client.problems(category, token),
        category=category,
        indexing=services().indexer.progress(),
        removed=request.args.get("removed", ""),
    )
    response = Response(render_template("problems.html", page=page))
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/prune")
def prune() -> BaseResponse:
    """Remove the assets whose files are missing."""
    removed = _library().prune()
    response = redirect(f"/problems?removed={removed}", 303)
    last_write.remember(response, services().clock())
    return response
