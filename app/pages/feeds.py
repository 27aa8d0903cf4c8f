"""`/feeds`: a search for programs that cannot sign in, under addresses that somebody makes who is.

A feed, a table or JSON of exactly one search, and the pictures of its feed; see `app.auth.links`.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, make_response, render_template, request

from app import headers, images, words
from app.auth import current_door, link_holder
from app.auth.modes import Password
from app.errors import NotFound, UpstreamNonsense
from app.pages import asset, exports, requested, results, site
from app.pages.handing import origin
from app.views.bar import bar_parts
from app.views.feeds import FeedAddress, FeedsView

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue
    from werkzeug.wrappers import Response as AnyResponse

    from app.auth import Door
    from app.auth.links import Holder, Links

blueprint = Blueprint("feeds", __name__, url_prefix="/feeds")

MOST_BYTES: Final = 8_000_000  # of a picture that is sent from here
SECONDS: Final = 6.0
KINDS: Final = {
    "atom": ("Atom feed", "A feed reader shows what is new in this search, with its pictures."),
    "csv": ("CSV", "A spreadsheet that loads it again; each hundred rows cost a search."),
    "json": ("JSON", "A script reads a page of it, with signed addresses of the files."),
}


@blueprint.get("")
def addresses() -> Response:
    """Show the addresses of exactly the search in this one."""
    door = current_door()
    links, user = door.links, door.viewer()
    if links is None or user is None:
        raise NotFound("This server makes no addresses for programs.")
    search, display, _ = requested()
    holder = links.holder(user)
    page = FeedsView(
        **bar_parts(search, display, site().known(search.examples)),
        title=words.title(search),
        addresses=tuple(
            FeedAddress(
                label, purpose, origin() + links.address(search.url(f"/search.{kind}"), holder)
            )
            for kind, (label, purpose) in KINDS.items()
        ),
        last_day=holder.last_day,
        ends_with_password=isinstance(door.mode, Password),
        back_url=display.url(search),
    )
    response = make_response(render_template("exports/feeds.html", page=page))
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/<token>/search.<any(atom, csv, json):kind>")
def feed(token: str, kind: str) -> ResponseReturnValue:  # noqa: ARG001 - the door reads the token
    """The search of this address, as it would be answered to whoever made it."""
    answers: dict[str, Callable[[], AnyResponse]] = {
        "atom": lambda: exports.feed_of(exports.strict_search(), _by(link_holder())),
        "csv": exports.csv,
        "json": results.search_json,
    }
    link_holder()
    return _unreferred(answers[kind]())


@blueprint.get("/<token>/assets/<asset_id>/image")
def picture(token: str, asset_id: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """A picture of a feed: where it lies, or itself where that is behind our own door."""
    link_holder()
    source = images.large_picture(site().asset(asset.known_id(asset_id))).src
    response = _sent(source) if source.startswith("/") else make_response(asset.image(asset_id))
    # Readers show it in pages of their own.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return _unreferred(response)


def _by(holder: Holder) -> Callable[[str], str]:
    """What makes addresses in somebody's name that end when the one in hand does."""
    door: Door = current_door()
    links: Links | None = door.links
    return lambda path: links.address(path, holder) if links else path


def _sent(source: str) -> Response:
    """The file at an address of ours."""
    content = io.BytesIO()
    kind = site().media.fetch(source, content, most_bytes=MOST_BYTES, seconds=SECONDS)
    if not kind.startswith("image/"):
        raise UpstreamNonsense("The picture is none.")
    response = Response(content.getvalue(), mimetype=kind)
    response.headers["Content-Security-Policy"] = headers.FILES_POLICY
    response.headers["Cache-Control"] = f"private, max-age={asset.KEPT_SECONDS}"
    response.add_etag()
    response.make_conditional(request)
    return response


def _unreferred(response: AnyResponse) -> AnyResponse:
    """The address lets in whoever knows it: neither a log nor a search engine is told of it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
