"""Conditional responses: 304 where the browser has the page, else a cached or rendered page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from flask import Response, request

from app.web import done_notice
from app.web.caching import page_cache
from app.web.caching.etag import entity_tag
from app.web.context import services

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.errors import AkinError

    Rendered = str | bytes | Response


def conditional_response(
    render: Callable[[], Rendered], *parts: object, error: AkinError | None = None
) -> Response:
    """Return what `render` returns, or 304 where the browser has it already.

    `parts` is what the page depends on besides the API's responses. A page with an `error` has the
    status of that error and is not cached.
    """
    if error is not None:
        response = _as_response(render())
        response.status_code = error.status
        response.headers.update(failure_headers(error))
        return response
    if done_notice.is_pending():
        response = _as_response(render())
        response.headers["Cache-Control"] = "no-store"
        return response
    tag = entity_tag(services().version, (services().reviews.exist(), *parts))
    if request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        response = _cached(tag, render)
    response.set_etag(tag, weak=True)
    # Revalidated each time, since a page must not outlive the reader's session.
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def failure_headers(error: AkinError) -> dict[str, str]:
    """Return the headers of a response with an error: not cached, and when to try again."""
    headers = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    return headers


def _cached(tag: str, render: Callable[[], Rendered]) -> Response:
    """Return the page of a tag, rendered once: many people open a link that was shared."""
    pages = services().pages
    page = pages.get(tag)
    if page is None:
        rendered = render()
        if isinstance(rendered, Response):
            return rendered
        page = rendered.encode() if isinstance(rendered, str) else rendered
        pages.put(tag, page)
    page_cache.use_tag(tag)
    return Response(page, mimetype="text/html")


def _as_response(rendered: Rendered) -> Response:
    return rendered if isinstance(rendered, Response) else Response(rendered, mimetype="text/html")
