"""Pages of one review, for signed-in users and for people with a link alike.

`Visit` says who looks, by which paths, and what they may do. The blueprints `reviews` and
`review_links` make it, after they have checked the access.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Final, cast

from flask import Response, redirect, render_template, request

from app.errors import InvalidReview, NotFound, UpstreamError
from app.exports.review_csv import review_csv
from app.insight.review_results import asset_results, visible_answers, winners
from app.query.reviews import Opinion, next_unanswered
from app.viewmodels.team.review import Typed, Visit, review_view, seen_digest
from app.viewmodels.team.review_result import result_view
from app.web.context import services
from app.web.files.downloads import as_download
from app.web.reviewers import introduced, remembered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flask.typing import ResponseReturnValue

    from app.scenario.assets import Asset

log = logging.getLogger(__name__)

FORM_BYTES: Final = 2_000_000  # all comments of the longest review, percent-encoded
_FORM_PARTS: Final = 1000
_VERDICT: Final = re.compile(r"(?:verdict|comment)\.([1-9][0-9]{0,2})")


def list_page(visit: Visit) -> ResponseReturnValue:
    """Show all assets with the visitor's answers; an ended review shows its result."""
    if not visit.is_open:
        return redirect(f"{visit.base}/result", 302)
    _note_opened(visit)
    return _page(visit, has_saved="saved" in request.args)


def asset_page(visit: Visit, place: int) -> ResponseReturnValue:
    """Show the asset at a place of the review, with the buttons that answer."""
    if not visit.is_open:
        return redirect(f"{visit.base}/result", 302)
    _check_place(visit, place)
    _note_opened(visit)
    return _page(visit, place=place)


def _page(
    visit: Visit,
    *,
    place: int | None = None,
    typed: Mapping[int, Typed] | None = None,
    name: str = "",
    name_problem: str = "",
    has_saved: bool = False,
) -> ResponseReturnValue:
    entries = visit.review.assets if place is None else visit.review.assets[place - 1 : place]
    page = review_view(
        visit,
        services().reviews.answers_to(visit.review),
        _existing(each.id for each in entries),
        place=place,
        typed=typed,
        name=name,
        name_problem=name_problem,
        has_saved=has_saved,
    )
    template = "review.html" if place is None else "review_asset.html"
    status = 400 if typed or name_problem else 200
    return render_template(template, page=page), status, {"Cache-Control": "no-store"}


def save_list(visit: Visit) -> ResponseReturnValue:
    """Store all answers of the form that have changed, and show what is missing.

    Answers that cannot be used are shown again, with the reason; the others are stored.
    """
    request.max_content_length = request.max_form_memory_size = FORM_BYTES
    request.max_form_parts = _FORM_PARTS
    opinions: dict[str, Opinion] = {}
    typed: dict[int, Typed] = {}
    places = {int(match[1]) for name in request.form if (match := _VERDICT.fullmatch(name))}
    for place in sorted(places):
        _check_place(visit, place)
        verdict = request.form.get(f"verdict.{place}", "")
        comment = request.form.get(f"comment.{place}", "")
        if not verdict and not comment.strip():
            continue
        try:
            opinion = Opinion.parse(verdict, comment)
        except InvalidReview as error:
            typed[place] = Typed(verdict, comment, error.message)
            continue
        # An answer that this form has not changed may have been changed by another one.
        if seen_digest(verdict, opinion.comment) != request.form.get(f"seen.{place}"):
            opinions[visit.review.assets[place - 1].id] = opinion
    name = request.form.get("name", "")
    try:
        person, guest = introduced(name)
    except InvalidReview as error:
        given = _typed_again(visit, opinions) | typed
        return _page(visit, typed=given, name=name, name_problem=error.message)
    services().reviews.answer(visit.review, person, opinions)
    if typed:
        response = Response(*cast("tuple[str, int, dict[str, str]]", _page(visit, typed=typed)))
        return remembered(response, guest)
    is_complete = not _open_place(visit, person.id, 0)
    url = f"{visit.base}/result" if is_complete else f"{visit.base}?saved"
    return remembered(cast("Response", redirect(url, 303)), guest)


def _typed_again(visit: Visit, opinions: Mapping[str, Opinion]) -> dict[int, Typed]:
    """Return answers that were not stored, for the form that is shown again."""
    return {
        place: Typed(opinions[each.id].verdict.value, opinions[each.id].comment, "")
        for place, each in enumerate(visit.review.assets, 1)
        if each.id in opinions
    }


def save_asset(visit: Visit, place: int) -> ResponseReturnValue:
    """Store the answer about one asset, and go on to the next without an answer."""
    _check_place(visit, place)
    verdict, comment, name = (request.form.get(each, "") for each in ("verdict", "comment", "name"))
    try:
        opinion = Opinion.parse(verdict, comment)
    except InvalidReview as error:
        typed = {place: Typed(verdict, comment, error.message)}
        return _page(visit, place=place, typed=typed, name=name)
    try:
        person, guest = introduced(name)
    except InvalidReview as error:
        typed = {place: Typed(verdict, comment, "")}
        return _page(visit, place=place, typed=typed, name=name, name_problem=error.message)
    was_complete = not _open_place(visit, person.id, 0)
    services().reviews.answer(visit.review, person, {visit.review.assets[place - 1].id: opinion})
    following = _open_place(visit, person.id, place)
    if not following and was_complete and place < len(visit.review.assets):
        following = place + 1
    url = visit.asset_url(following) if following else f"{visit.base}/result"
    return remembered(cast("Response", redirect(url, 303)), guest)


def result_page(visit: Visit) -> ResponseReturnValue:
    """Show the result as far as the visitor may see it."""
    reviews = services().reviews
    _note_opened(visit)
    order = "place" if request.args.get("order") == "place" else "votes"
    page = result_view(
        visit,
        reviews.answers_to(visit.review),
        reviews.people_of(visit.review),
        _existing(each.id for each in visit.review.assets),
        order=order,
    )
    body = render_template("review_result.html", page=page)
    return body, 200, {"Cache-Control": "no-store"}


def wanted_ids(visit: Visit) -> tuple[str, ...]:
    """Return the wanted assets that exist, the best first.

    Raises InvalidReview where the visitor may not see all answers, or nothing is wanted, and
    UpstreamError.
    """
    answers = services().reviews.answers_to(visit.review)
    own = {each.asset_id for each in answers if visit.person and each.person.id == visit.person.id}
    if not visit.sees_all and len(own) < len(visit.review.assets):
        raise InvalidReview("Answer about all assets first.")
    wanted = winners(asset_results(visit.review, answers))
    existing = services().catalog.assets(each.asset.id for each in wanted)
    ids = tuple(each.asset.id for each in wanted if each.asset.id in existing)
    if not ids:
        raise InvalidReview("No asset has more yes than no.")
    return ids


def result_csv(visit: Visit) -> Response:
    """Return the answers that the visitor may see as CSV."""
    answers = services().reviews.answers_to(visit.review)
    visible = visible_answers(visit.review, answers, visit.person, sees_all=visit.sees_all)
    existing = _existing(each.id for each in visit.review.assets)
    content = review_csv(visit.review, visible, existing)
    response = Response(content, mimetype="text/csv")
    return as_download(response, name=visit.review.question[:60], suffix=".csv")


def _check_place(visit: Visit, place: int) -> None:
    if not 1 <= place <= len(visit.review.assets):
        raise NotFound(f"This review has {len(visit.review.assets)} assets, and no {place}.")


def _open_place(visit: Visit, person_id: str, after: int) -> int:
    answers = services().reviews.answers_to(visit.review)
    answered = (each.asset_id for each in answers if each.person.id == person_id)
    return next_unanswered(visit.review.assets, answered, after)


def _note_opened(visit: Visit) -> None:
    if visit.person and visit.is_open:
        services().reviews.open_for(visit.review, visit.person)


def _existing(ids: Iterable[str]) -> dict[str, Asset] | None:
    """Return the assets that exist; None where the library does not respond."""
    try:
        return services().catalog.assets(ids)
    except UpstreamError as error:
        log.warning("a review is shown without pictures: %s", error)
        return None
