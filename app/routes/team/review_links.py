"""`/reviews/link/<token>`: one review for people without an account, and nothing else.

Every route is public to the guard; `_verify` runs before each of them and refuses a token that is
not valid. Pictures are sent by this server: their addresses at the API or the library would work
for longer than the link, and in other sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, g, redirect, render_template, request

from app.auth import current_guard, public
from app.auth.links.guests import forget
from app.auth.links.review_tokens import PREFIX
from app.errors import AkinError, NotFound, ReviewLinkExpired
from app.routes import asset as asset_routes
from app.routes.team import review_pages
from app.scenario import image_urls
from app.viewmodels.parts.card import UNKNOWN_TYPE
from app.viewmodels.team.review import Visit, link_failure_view
from app.web.caching.conditional import failure_headers
from app.web.context import services
from app.web.files.sent_images import sent_image
from app.web.files.sent_originals import sent_original
from app.web.reviewers import reviewer

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.query.reviews import Review

blueprint = Blueprint("review_links", __name__, url_prefix="/reviews/link/<token>")

_TOKEN: Final = "token"  # noqa: S105 - the name of a part of the path


@blueprint.before_request
def _verify() -> None:
    """Store the review that the token opens. Raises ReviewLinkExpired."""
    links = current_guard().review_links
    token = str((request.view_args or {}).get(_TOKEN, ""))
    if links is None:
        raise ReviewLinkExpired("This server makes no such links.")
    g.akin_review = links.verify(token, services().reviews.get)


@blueprint.errorhandler(AkinError)
def _failure(error: AkinError) -> ResponseReturnValue:
    """Return the error as a page without the search, which is not for people with a link."""
    is_open = "akin_review" in g  # the link is valid
    back_url = PREFIX + str((request.view_args or {}).get(_TOKEN, "")) if is_open else ""
    page = link_failure_view(error, back_url)
    return render_template("review_failure.html", page=page), error.status, failure_headers(error)


@blueprint.after_request
def _unlisted(response: Response) -> Response:
    """Keep the address, which works as a password, out of caches that others share."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _visit(token: str) -> Visit:
    review: Review = g.akin_review
    return Visit(
        review=review,
        base=PREFIX + token,
        person=reviewer(),
        is_link=True,
        now=services().reviews.now(),
    )


@blueprint.get("")
@public()
def review(token: str) -> ResponseReturnValue:
    """Show all assets of the review with the visitor's answers."""
    return review_pages.list_page(_visit(token))


@blueprint.post("")
@public()
def answer_all(token: str) -> ResponseReturnValue:
    """Store the answers of the whole list."""
    return review_pages.save_list(_visit(token))


@blueprint.get("/<int:place>")
@public()
def review_asset(token: str, place: int) -> ResponseReturnValue:
    """Show one asset of the review."""
    return review_pages.asset_page(_visit(token), place)


@blueprint.post("/<int:place>")
@public()
def answer(token: str, place: int) -> ResponseReturnValue:
    """Store the answer about one asset."""
    return review_pages.save_asset(_visit(token), place)


@blueprint.get("/result")
@public()
def result(token: str) -> ResponseReturnValue:
    """Show the result."""
    return review_pages.result_page(_visit(token))


@blueprint.get("/result.csv")
@public()
def result_csv(token: str) -> Response:
    """Return the result as CSV."""
    return review_pages.result_csv(_visit(token))


@blueprint.post("/someone-else")
@public()
def someone_else(token: str) -> ResponseReturnValue:
    """Forget the name that was typed in this browser."""
    response = redirect(PREFIX + token, 303)
    forget(response)  # type: ignore[arg-type]  # Flask's redirect returns its own class
    return response


@blueprint.get("/assets/<asset_id>/<any(small,large):size>")
@public()
def picture(token: str, asset_id: str, size: str) -> ResponseReturnValue:  # noqa: ARG001 - see _verify
    """Return a picture of an asset of the review, never the original."""
    found = services().catalog.asset(_within(asset_id))
    choose = image_urls.large_picture if size == "large" else image_urls.grid_picture
    source = choose(found).src
    if not source:
        raise NotFound("There is no picture of this asset.")
    return sent_image(source)


@blueprint.get("/assets/<asset_id>/original")
@public()
def original(token: str, asset_id: str) -> Response:  # noqa: ARG001 - see _verify
    """Return the file of an asset of the review, where the review allows it."""
    review: Review = g.akin_review
    if not review.allows_originals:
        raise NotFound("The maker of this review shows pictures only, not the original files.")
    found = services().catalog.asset(_within(asset_id))
    url = services().client.download(found.id)
    return sent_original(found, url, mimetype=UNKNOWN_TYPE)


def _within(asset_id: str) -> str:
    """Return an id of the review's assets. Raises NotFound."""
    review: Review = g.akin_review
    if asset_routes.valid_id(asset_id) not in {each.id for each in review.assets}:
        raise NotFound("This asset is not a part of the review.")
    return asset_id
