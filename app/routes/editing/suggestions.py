"""`/suggestions`: tags and collections for what is typed into a field, as JSON for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from flask import Blueprint, Response, request

from app.insight.suggestions import names_containing
from app.query.params import clean
from app.web.context import services

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.scenario.assets import Named

blueprint = Blueprint("suggestions", __name__, url_prefix="/suggestions")

TYPED: Final = "typed"  # the parameter
MAX_TYPED: Final = 200  # characters of it
MOST: Final = 12


@blueprint.get("/tags")
def tags() -> Response:
    """Return the tags that contain what was typed, the most used first."""
    return _response(services().labels.tags())


@blueprint.get("/collections")
def collections() -> Response:
    """Return the names of the collections that contain what was typed."""
    return _response(services().labels.collections())


def _response(names: Iterable[Named]) -> Response:
    typed = clean(request.args.get(TYPED, ""))[:MAX_TYPED]
    found = [each.name for each in names_containing(names, typed, most=MOST)]
    response = Response(msgspec.json.encode(found), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
