"""Counts, winners, the search of a result, and who is missing."""

from __future__ import annotations

from app.insight.review_results import (
    asset_results,
    next_search,
    progress,
    rejected,
    visible_answers,
    winners,
)
from app.query.reviews import Person
from tests.support.reviews import ADA, BO, CLEO, answer, review


def test_winners_and_rejected_by_votes() -> None:
    answers = [
        answer(ADA, 1, "no"),
        answer(BO, 1, "no"),
        answer(ADA, 2, "yes"),
        answer(BO, 2, "maybe"),
        answer(ADA, 3, "yes", "That one"),
        answer(BO, 3, "yes"),
        answer(ADA, 4, "yes"),
        answer(BO, 4, "no"),
    ]
    results = asset_results(review(5), answers)
    assert [(each.yes, each.maybe, each.no, each.lead) for each in results] == [
        (0, 0, 2, -2),
        (1, 1, 0, 1),
        (2, 0, 0, 2),
        (1, 0, 1, 0),
        (0, 0, 0, 0),
    ]
    assert [each.asset.id for each in winners(results)] == ["asset_3", "asset_2"]
    assert [each.asset.id for each in rejected(results)] == ["asset_1"]


def test_the_search_has_the_best_voted_and_says_what_it_left_out() -> None:
    voters = [Person.user(str(n), str(n)) for n in range(2)]
    answers = [answer(voters[0], n, "yes" if n <= 25 else "no") for n in range(1, 41)]
    answers += [answer(voters[1], n, "yes") for n in (24, 25)]
    answers += [answer(voters[1], 40, "no")]
    results = asset_results(review(40), answers)
    existing = {f"asset_{n}" for n in range(1, 41)} - {"asset_1"}
    found = next_search(results, existing)
    assert found is not None
    expected = {24, 25, *range(2, 20)}
    assert set(found.search.like) == {f"asset_{n}" for n in expected}
    assert set(found.search.unlike) == {"asset_40", *(f"asset_{n}" for n in range(26, 35))}
    assert (found.left_out_likes, found.left_out_unlikes) == (4, 5)
    assert next_search(asset_results(review(2), []), existing) is None


def test_who_is_missing() -> None:
    """Those who opened it or are invited; the maker only once they have begun."""
    answers = [answer(BO, 1, "yes"), answer(BO, 2, "no"), answer(CLEO, 1, "yes")]
    asked = review(2, invited=("CLEO", "Dan", "bo"))
    rows = progress(asked, answers, [ADA, BO, CLEO, Person.user("eve", "Eve")])
    assert [(each.name, each.answered, each.is_complete) for each in rows] == [
        ("Bo", 2, True),
        ("Cleo", 1, False),
        ("Dan", 0, False),
        ("Eve", 0, False),
    ]
    own = progress(review(2), [answer(ADA, 1, "yes")], [])
    assert [(each.name, each.answered) for each in own] == [("Ada", 1)]


def test_an_invited_user_is_met_by_id_or_name() -> None:
    found = progress(
        review(1, invited=("a.l@example.com",)), [], [Person.user("A.L@example.com", "Al")]
    )
    assert [each.name for each in found] == ["Al"]


def test_answers_of_others_are_visible_after_ones_own() -> None:
    answers = (answer(ADA, 1, "yes"), answer(ADA, 2, "no"), answer(BO, 2, "yes"))
    assert visible_answers(review(), answers, BO, sees_all=False) == answers[1:]
    assert visible_answers(review(), answers, CLEO, sees_all=False) == ()
    assert visible_answers(review(), answers, None, sees_all=False) == ()
    assert visible_answers(review(), answers, None, sees_all=True) == answers
    assert visible_answers(review(shows_answers=True), answers, None, sees_all=False) == answers
