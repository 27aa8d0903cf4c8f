"""Reviews for tests: values, and browsers of people who answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.query.reviews import Answer, Draft, Opinion, Person, Review, ReviewAsset, Verdict

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

ADA, BO, CLEO = Person.user("ada", "Ada"), Person.guest("0b0", "Bo"), Person.user("cleo", "Cleo")


def visitor(app: Flask) -> FlaskClient:
    """Return a client that sends what browsers send with forms, so that it may have cookies."""
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client


def assets(count: int) -> tuple[ReviewAsset, ...]:
    """Return the assets asset_1, asset_2, ..."""
    return tuple(ReviewAsset(f"asset_{n}", f"Picture {n}") for n in range(1, count + 1))


def review(count: int = 3, **fields: object) -> Review:
    """Return a review of Ada's about so many assets."""
    values = {"id": "review_1", "question": "Which?", "maker": ADA, "created": 0.0}
    return Review(**{**values, "assets": assets(count), **fields})  # type: ignore[arg-type]


def draft(question: str = "Which?", **fields: object) -> Draft:
    """Return what Ada has filled in."""
    values = {"ends": None, "shows_answers": False, "allows_originals": False, "invited": ()}
    return Draft(question=question, **{**values, **fields})  # type: ignore[arg-type]


def answer(person: Person, number: int, verdict: str, comment: str = "") -> Answer:
    """Return an answer about asset_<number>."""
    opinion = Opinion(Verdict(verdict), comment)
    return Answer(asset_id=f"asset_{number}", person=person, opinion=opinion, given=float(number))
