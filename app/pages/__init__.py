"""The pages: parse, ask, build, render; a module a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app, request

from app.asking import asked

if TYPE_CHECKING:
    from app.display import Display
    from app.errors import Problem
    from app.search import Search
    from app.site import Site


def site() -> Site:
    """The services of the application that answers this request."""
    return cast("Site", current_app.extensions["akin"])


def requested_search() -> tuple[Search, tuple[Problem, ...]]:
    """The search in this request's address, read leniently; how it is shown is left out."""
    search, _, problems = requested()
    return search, problems


def requested() -> tuple[Search, Display, tuple[Problem, ...]]:
    """The search in this request's address and how to show it, read leniently."""
    return asked(request.query_string)
