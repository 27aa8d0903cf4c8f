"""`/feeds`: signed links by which programs that cannot sign in read one search.

A feed, a table or JSON of that search, and the images of its feed; see
`app.auth.links.signed_links`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, render_template

from app.auth import current_grant, current_guard, signed_link
from app.auth.backends import PasswordBackend
from app.errors import NotFound
from app.query import describe
from app.routes import asset, exports
from app.scenario import image_urls
from app.viewmodels.feed_links import FeedAddress, FeedsView
from app.viewmodels.parts.search_bar import bar_parts
from app.web.context import origin, requested, services
from app.web.files.sent_images import sent_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue
    from werkzeug.wrappers import Response as AnyResponse

    from app.auth.links.signed_links import LinkGrant

blueprint = Blueprint("feeds", __name__, url_prefix="/feeds")


@blueprint.get("")
def addresses() -> Response:
    """The page with the signed links of a search."""
    guard = current_guard()
    links, user = guard.links, guard.viewer()
    if links is None or user is None:
        raise NotFound("This server makes no addresses for programs.")
    search, display, _ = requested()
    grant = links.grant(user)
    page = FeedsView(
        **bar_parts(search, display, services().catalog.examples(search.examples)),
        title=describe.title(search),
        addresses=tuple(
            FeedAddress(
                each.label,
                each.purpose,
                origin() + links.url(search.url(f"/search.{each.suffix}"), grant),
            )
            for each in sorted(services().formats.of_search, key=lambda each: not each.is_feed)
            if each.purpose
        ),
        expires=grant.expiry_date,
        ends_with_password=isinstance(guard.backend, PasswordBackend),
    )
    response = make_response(render_template("feeds.html", page=page))
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/<token>/search.<suffix>")
@signed_link
def feed(token: str, suffix: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard reads the token
    """Return the search of this address as its owner would get it."""
    return _unlisted(exports.exported_search(suffix, _sign_for(current_grant())))


@blueprint.get("/<token>/assets/<asset_id>/image")
@signed_link
def picture(token: str, asset_id: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """An image of a feed: a redirect, or the image itself where its URL needs a sign-in."""
    current_grant()
    source = image_urls.large_picture(services().catalog.asset(asset.valid_id(asset_id))).src
    response = (
        sent_image(source) if source.startswith("/") else make_response(asset.image(asset_id))
    )
    # Feed readers embed it in pages of their own.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return _unlisted(response)


def _sign_for(grant: LinkGrant) -> Callable[[str], str]:
    """Return a function that signs paths for the owner and until the expiry of `grant`."""
    links = current_guard().links
    return lambda path: links.url(path, grant) if links else path


def _unlisted(response: AnyResponse) -> AnyResponse:
    """Keep the URL, which works as a password, out of other sites' logs."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
