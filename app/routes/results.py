"""`/`: the results of a search."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request

from app import viewmodels
from app.query import filters
from app.query.params import is_id, pairs_of
from app.query.parsing import read
from app.query.sorts import RANDOM
from app.services import related
from app.viewmodels.parts.card import CardRow
from app.viewmodels.parts.sharing import sharing
from app.web.caching.conditional import conditional_response
from app.web.card_renderer import render_page
from app.web.context import origin, requested, services
from app.web.onward import is_long

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("results", __name__)

SIMILAR = "similar"  # the name of a button: search for what is similar to one asset alone


@blueprint.get("/")
def results() -> ResponseReturnValue:
    """Show a search; a URL that is not canonical is redirected to the canonical one."""
    search, display, problems = requested()
    canonical = display.suffix(search).removeprefix("?").encode()
    if request.query_string != canonical:  # else it is not parsed a second time
        given = pairs_of(request.query_string)
        pairs = [_seeded() if pair == ("sortBy", RANDOM) else pair for pair in given]
        similar_ids = [value for name, value in pairs if name == SIMILAR and is_id(value)]
        pairs = [pair for pair in pairs if pair[0] != SIMILAR]
        search, display, problems = read(pairs)
        if similar_ids:
            search, display = search.similar(similar_ids[-1]), display.lasting
        is_canonical = not similar_ids and tuple(given) == (*search.pairs(), *display.pairs())
        url = display.url(search)
        # A redirect to a long URL would not fit into its header: the page is shown here.
        if (similar_ids or not problems) and not is_canonical and not is_long(url):
            return redirect(url, 303 if similar_ids else 302)
    result = services().catalog.find(search, display, problems)
    settings = services().settings
    # Presets of dates count days as those of the search, which may be a teammate's in another zone.
    offset = filters.offset_of(search.range("createdAt").low or "")
    today = filters.Today.at(offset, datetime.now(UTC))

    def render() -> bytes:
        page = viewmodels.results_view(result, today=today)
        links = sharing(
            page,
            services().formats,
            origin=origin(),
            has_preview=settings.has_previews,
            is_open=settings.auth == "none",
            has_feeds=settings.has_feeds,
        )
        return render_page("results.html", page=page, sharing=links)

    return conditional_response(
        render,
        result.problems,
        result.notice,
        today,
        settings.has_previews,
        result.indexing,
        error=result.error,
    )


def _seeded() -> tuple[str, str]:
    """Return a random order with a new number, which makes its pages and its link repeatable."""
    return "sortBy", f"{RANDOM}:{secrets.randbelow(10**6)}"


@blueprint.get("/closest")
def closest() -> str:
    """Return the assets closest in meaning, as a part of a page without results."""
    search, display, _ = requested()
    by_meaning, assets = related.closest(services().catalog, search)
    row = CardRow.of(assets, by_meaning, display)
    return render_template("partials/closest.html", row=row)


@blueprint.get("/search")
def search_form() -> ResponseReturnValue:
    """Redirect a URL that people type to the same search at `/`."""
    search, display, _ = requested()
    return redirect(display.url(search), 302)
