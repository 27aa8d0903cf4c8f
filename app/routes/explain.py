"""`/why/<id>`: why an asset is among the results of the search in the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template

from app.errors import UpstreamError
from app.routes.asset import valid_id
from app.viewmodels.explain import explanation_view
from app.web.caching.conditional import conditional_response
from app.web.context import requested, services

if TYPE_CHECKING:
    from app.query.search import Search
    from app.scenario.assets import ResultPage

blueprint = Blueprint("explain", __name__)


@blueprint.get("/why/<asset_id>")
def explain(asset_id: str) -> Response:
    """Explain one result; its position and score come from the page that the reader has seen."""
    search, display, _ = requested()
    catalog = services().catalog
    page = explanation_view(
        catalog.asset(valid_id(asset_id)),
        search,
        display,
        result=_result_page(search),
        known=catalog.examples(search.examples),
        is_library=catalog.is_library,
    )
    return conditional_response(lambda: render_template("explain.html", page=page), page)


def _result_page(search: Search) -> ResultPage | None:
    """Return the page of results, from the cache as a rule; without it, words are explained."""
    try:
        return services().catalog.page(search)
    except UpstreamError:
        return None
