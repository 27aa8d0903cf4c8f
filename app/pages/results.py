"""`/`: the results of a search, and `/search.json`, the same for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, redirect, render_template, request

from app.pages import requested_search, site
from app.pages.visiting import unless_unchanged
from app.search import Search, is_id, pairs_of

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("results", __name__)

SIMILAR = "similar"  # a button's name: what is like this one alone


@blueprint.get("/")
def results() -> ResponseReturnValue:
    """Show a search; an address that is not the canonical one leads to it."""
    pairs = pairs_of(request.query_string)
    chosen = [value for name, value in pairs if name == SIMILAR and is_id(value)]
    pairs = [pair for pair in pairs if pair[0] != SIMILAR]
    search, problems = Search.read(pairs)
    if chosen:
        return redirect(search.similar(chosen[-1]).url(), 303)
    if not problems and tuple(pairs) != search.pairs():
        return redirect(search.url(), 302)
    found = site().find(search, problems)
    return unless_unchanged(
        lambda: render_template("results.html", page=found.view()),
        found.problems,
        found.notice,
        error=found.error,
    )


@blueprint.get("/search.json")
def search_json() -> Response:
    """The search as understood, the API's hits and counts; strict."""
    search = Search.parse(pairs_of(request.query_string))
    answer = site().answer(search)
    understood = {"url": search.url(), "body": search.body()}
    return jsonify({"search": understood, **answer})


@blueprint.get("/search")
def search_form() -> ResponseReturnValue:
    """An address that people type: the same search at `/`."""
    return redirect(requested_search()[0].url(), 302)
