"""Fields of reviews and answers: what is accepted, and the message for what is not."""

from __future__ import annotations

import pytest

from app.errors import InvalidReview
from app.query.reviews import (
    MOST_COMMENT,
    MOST_INVITED,
    MOST_QUESTION,
    Draft,
    Opinion,
    Verdict,
    next_unanswered,
    person_name,
)
from tests.support.reviews import assets, review

DAY = 86_400.0


def drafted(**fields: str) -> Draft:
    """Return the draft of a form on 2 January 1970."""
    given = {"question": "Which?", "ends": "", "invited": "", **fields}
    return Draft.parse(**given, shows_answers=False, allows_originals=False, now=DAY)


def test_a_review_ends_with_its_day_or_when_it_is_ended() -> None:
    assert drafted(ends="1970-01-02").ends == 2 * DAY
    assert drafted(ends=" ").ends is None
    ending = review(ends=10.0)
    assert (ending.is_open(9.9), ending.is_open(10.0)) == (True, False)
    assert review(ends=10.0, ended=5.0).ended_at(7.0) == 5.0
    assert review().is_open(1e12)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("question", " \n ", "Write the question"),
        ("question", "?" * (MOST_QUESTION + 1), "has at most 500 characters; this one has 501"),
        ("ends", "tomorrow", "“tomorrow” is no day"),
        ("ends", "1970-01-01", "1970-01-01 is over"),
        ("ends", "9999-12-31", "“9999-12-31” is no day"),
        ("invited", "\n".join(map(str, range(MOST_INVITED + 1))), "At most 100 people"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(field: str, value: str, message: str) -> None:
    with pytest.raises(InvalidReview, match=message) as refused:
        drafted(**{field: value})
    assert refused.value.field == field


def test_names_are_lines_or_separated_by_commas() -> None:
    assert drafted(invited="Ada,  Bo\nBo\n\n Cleo  Z ; Dan").invited == (
        "Ada",
        "Bo",
        "Cleo Z",
        "Dan",
    )


def test_an_answer_is_a_verdict_with_a_comment() -> None:
    assert Opinion.parse("yes", " Nice\r\nlight\x00 ") == Opinion(Verdict.YES, "Nice\nlight")
    with pytest.raises(InvalidReview, match="“perhaps” is no answer: choose one of yes, no, maybe"):
        Opinion.parse("perhaps", "")
    with pytest.raises(InvalidReview, match="A comment was written without an answer"):
        Opinion.parse("", "Nice")
    with pytest.raises(InvalidReview, match="A comment has at most 1000 characters"):
        Opinion.parse("yes", "x" * (MOST_COMMENT + 1))


def test_a_name_is_one_line() -> None:
    assert person_name("  Ada\nLovelace ") == "Ada Lovelace"
    with pytest.raises(InvalidReview, match="Type your name"):
        person_name(" \u0000 ")


def test_the_next_asset_without_an_answer() -> None:
    three = assets(3)
    assert next_unanswered(three, [], 0) == 1
    assert next_unanswered(three, ["asset_2"], 1) == 3
    assert next_unanswered(three, ["asset_2", "asset_3"], 3) == 1
    assert next_unanswered(three, ["asset_1", "asset_2", "asset_3"], 1) == 0
