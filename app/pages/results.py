"""`/`: the results of a search, and `/search.json`, the same for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, redirect, render_template, request

from app import around, views
from app.asking import read
from app.display import Display
from app.fragments import rendered
from app.pages import requested, site
from app.pages.handing import origin
from app.pages.visiting import unless_unchanged
from app.reading import is_id, pairs_of
from app.search import Search
from app.views.card import Strip
from app.views.sharing import sharing

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("results", __name__)

SIMILAR = "similar"  # a button's name: what is like this one alone


@blueprint.get("/")
def results() -> ResponseReturnValue:
    """Show a search; an address that is not the canonical one leads to it."""
    search, display, problems = requested()
    canonical = display.suffix(search).removeprefix("?").encode()
    if request.query_string != canonical:  # else it is not taken apart a second time
        pairs = pairs_of(request.query_string)
        chosen = [value for name, value in pairs if name == SIMILAR and is_id(value)]
        pairs = [pair for pair in pairs if pair[0] != SIMILAR]
        search, display, problems = read(pairs)
        if chosen:
            return redirect(display.lasting.url(search.similar(chosen[-1])), 303)
        if not problems and tuple(pairs) != (*search.pairs(), *display.pairs()):
            return redirect(display.url(search), 302)
    found = site().find(search, display, problems)
    today = datetime.now(UTC).date()
    has_preview = site().settings.has_previews

    def render() -> bytes:
        page = views.results_view(found, today=today)
        handed = sharing(
            page,
            origin=origin(),
            has_preview=has_preview,
            is_open=site().settings.auth == "none",
            has_feeds=site().settings.has_feeds,
        )
        return rendered("results.html", page=page, sharing=handed)

    return unless_unchanged(
        render,
        found.problems,
        found.notice,
        today,
        has_preview,
        error=found.error,
    )


@blueprint.get("/closest")
def closest() -> str:
    """What is near in meaning to words that nothing has, as a part of their empty page."""
    search, found = around.closest(site(), requested()[0])
    return render_template("partials/closest.html", row=Strip.of(found, search))


@blueprint.get("/search.json")
def search_json() -> Response:
    """The search as understood, the API's hits and counts; strict.

    How a page shows it makes no difference here. `notice` says why an older answer had to do.
    """
    _, pairs, _ = Display.take(pairs_of(request.query_string))
    search = Search.parse(pairs)
    answer = site().answer(search)
    understood = {"url": search.url(), "body": search.body()}
    notice = site().notice()
    said = {"notice": notice} if notice else {}
    return unless_unchanged(lambda: jsonify({"search": understood, **said, **answer}), notice)


@blueprint.get("/search")
def search_form() -> ResponseReturnValue:
    """An address that people type: the same search at `/`."""
    search, display, _ = requested()
    return redirect(display.url(search), 302)
