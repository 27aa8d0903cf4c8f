"""`/why/<id>`: why an asset is among the results of the search in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template

from app.errors import NotFound, UpstreamError
from app.pages import requested, site
from app.pages.visiting import unless_unchanged
from app.reading import is_id
from app.views.why import why_view

if TYPE_CHECKING:
    from app.assets import ResultPage
    from app.search import Search

blueprint = Blueprint("why", __name__)


@blueprint.get("/why/<asset_id>")
def why(asset_id: str) -> Response:
    """Explain one result; its place and score come from the page where the reader saw it."""
    if not is_id(asset_id):
        raise NotFound(f"“{asset_id[:80]}” cannot be the id of an asset.")
    search, display, _ = requested()
    page = why_view(
        site().asset(asset_id),
        search,
        display,
        result=_result(search),
        known=site().known(search.examples),
    )
    return unless_unchanged(lambda: render_template("why.html", page=page), page)


def _result(search: Search) -> ResultPage | None:
    """The page of results, which the cache has; the words say enough without it."""
    try:
        return site().page_of(search)
    except UpstreamError:
        return None
