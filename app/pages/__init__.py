"""The pages: parse, ask, build, render; a module a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app, request

from app.search import Search, pairs_of

if TYPE_CHECKING:
    from app.errors import Problem
    from app.site import Site


def site() -> Site:
    """The services of the application that answers this request."""
    return cast("Site", current_app.extensions["akin"])


def requested_search() -> tuple[Search, tuple[Problem, ...]]:
    """The search in this request's address, read leniently."""
    return Search.read(pairs_of(request.query_string))
