"""Stored reviews in both databases: concurrent answers, the end, deletion, lists."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from app.errors import NotFound, ReviewEnded, ReviewFull
from app.query.reviews import Opinion, Person, Verdict
from app.records.review_tables import people
from app.records.reviews import MOST_GUESTS, PAGE, ReviewStore
from app.storage.database import Database
from tests.support.reviews import ADA, BO, CLEO, assets, draft

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
YES, NO = Opinion(Verdict.YES), Opinion(Verdict.NO, "Too dark, “really” 🙂\nsecond line")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database of each kind."""
    return request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""


@pytest.fixture
def database(store_url: str, tmp_path: Path) -> Iterator[Database]:
    """That database."""
    opened = Database(store_url, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> ReviewStore:
    """The reviews in it."""
    return ReviewStore(database, "api")


def test_a_review_is_what_was_stored(store: ReviewStore) -> None:
    asked = draft("Which, “Ada” & 🙂?", ends=99.0, invited=("Bo", "Çelo"), allows_originals=True)
    made = store.create(
        asked, ADA, assets(200)[::-1], origin="https://a", suffix="?query=x", now=1.5
    )
    assert store.get(made.id) == made
    assert [each.id for each in made.assets[:2]] == ["asset_200", "asset_199"]
    with pytest.raises(NotFound):
        store.get("review_none")


def test_reviews_of_another_api_are_not_found(store: ReviewStore, database: Database) -> None:
    made = store.create(draft(), ADA, assets(1), origin="", suffix="", now=0)
    other = ReviewStore(database, "other")
    with pytest.raises(NotFound):
        other.get(made.id)
    assert (other.listed(None, now=0, is_open=None, own=False), other.has_any()) == (
        ([], False),
        False,
    )


def test_concurrent_answers_lose_nothing(store: ReviewStore, database: Database) -> None:
    """Many people answer at once, from several processes; some answer the same asset twice."""
    review = store.create(draft(), ADA, assets(6), origin="", suffix="", now=0)
    voters = [Person.guest(str(n), f"Voter {n}") for n in range(8)]
    others = ReviewStore(database, "api")

    def vote(number: int) -> None:
        person = voters[number % 8]
        opinion = Opinion(Verdict.YES, f"by {person.name}")
        asset = f"asset_{number // 8 % 6 + 1}"
        (store, others)[number % 2].answer(review.id, person, {asset: opinion}, now=float(number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(vote, range(96)))
    answers = store.answers_to(review.id)
    assert {(each.person.name, each.asset_id, each.opinion.comment) for each in answers} == {
        (person.name, f"asset_{n}", f"by {person.name}") for person in voters for n in range(1, 7)
    }
    assert len(answers) == 48


def test_processes_that_answer_at_once_lose_nothing(
    store: ReviewStore, database: Database, tmp_path: Path, store_url: str
) -> None:
    """Three hosts, one of which answers in the place of the same person as another."""
    review = store.create(draft(), ADA, assets(20), origin="", suffix="", now=0)
    code = (
        "import sys; from pathlib import Path\n"
        "from app.query.reviews import Opinion, Person, Verdict\n"
        "from app.records.reviews import ReviewStore\n"
        "from app.storage.database import Database\n"
        "url, folder, review, person = sys.argv[1:]\n"
        "database = Database(url, Path(folder))\n"
        "store = ReviewStore(database, 'api')\n"
        "sys.stdin.read()\n"
        "for n in range(1, 21):\n"
        "    opinion = {f'asset_{n}': Opinion(Verdict.YES, str(n))}\n"
        "    store.answer(review, Person.guest(person, person), opinion, now=n)\n"
        "database.close()"
    )
    command = [sys.executable, "-c", code, store_url, str(tmp_path), review.id]
    hosts = [
        subprocess.Popen([*command, person], cwd=ROOT, stdin=subprocess.PIPE)
        for person in ("Bo", "Bo", "Cleo")
    ]
    for host in hosts:
        assert host.stdin
        host.stdin.close()
    assert [host.wait() for host in hosts] == [0, 0, 0]
    given = [(each.person.name, each.asset_id) for each in store.answers_to(review.id)]
    assert sorted(given) == sorted(
        (name, f"asset_{n}") for name in ("Bo", "Cleo") for n in range(1, 21)
    )
    database.close()


def test_an_answer_can_be_changed_until_the_end(store: ReviewStore) -> None:
    review = store.create(draft(ends=10.0), ADA, assets(2), origin="", suffix="", now=0)
    store.answer(review.id, BO, {"asset_1": YES, "asset_2": YES}, now=1)
    store.answer(review.id, BO, {"asset_1": NO}, now=2)
    assert [(each.asset_id, each.opinion) for each in store.answers_to(review.id)] == [
        ("asset_2", YES),
        ("asset_1", NO),
    ]
    with pytest.raises(ReviewEnded):
        store.answer(review.id, BO, {"asset_1": YES}, now=10)
    store.reopen(review.id)
    store.answer(review.id, BO, {"asset_1": YES}, now=11)
    store.end(review.id, 12)
    with pytest.raises(ReviewEnded):
        store.answer(review.id, BO, {"asset_1": NO}, now=12.5)
    assert {each.opinion for each in store.answers_to(review.id)} == {YES}


def test_only_assets_of_the_review_can_be_answered(store: ReviewStore) -> None:
    review = store.create(draft(), ADA, assets(2), origin="", suffix="", now=0)
    with pytest.raises(NotFound):
        store.answer(review.id, BO, {"asset_1": YES, "asset_9": YES}, now=1)
    with pytest.raises(NotFound):
        store.answer("review_none", BO, {"asset_1": YES}, now=1)
    assert store.answers_to(review.id) == ()


def test_a_link_adds_a_limited_number_of_people(store: ReviewStore, database: Database) -> None:
    """A browser without a cookie is a new person each time; accounts and known guests go on."""
    review = store.create(draft(), ADA, assets(1), origin="", suffix="", now=0)
    guests = [Person.guest(f"{number}", "Guest") for number in range(MOST_GUESTS)]
    with database.writing() as connection:
        values = [
            {"review_id": review.id, "person_id": each.id, "name": each.name} for each in guests[1:]
        ]
        connection.execute(sa.insert(people), values)
    store.answer(review.id, guests[0], {"asset_1": YES}, now=1)
    with pytest.raises(ReviewFull):
        store.answer(review.id, BO, {"asset_1": NO}, now=2)
    store.note_opened(review.id, BO)
    assert len(store.people_of(review.id)) == MOST_GUESTS
    store.answer(review.id, guests[0], {"asset_1": NO}, now=3)
    store.answer(review.id, CLEO, {"asset_1": YES}, now=4)
    assert {each.person for each in store.answers_to(review.id)} == {guests[0], CLEO}


def test_people_and_deletion(store: ReviewStore) -> None:
    review = store.create(draft(), ADA, assets(1), origin="", suffix="", now=0)
    store.note_opened(review.id, BO)
    store.note_opened(review.id, Person.guest("0b0", "Bob"))
    store.note_opened("review_none", BO)
    assert store.people_of(review.id) == (Person.guest("0b0", "Bob"),)
    store.answer(review.id, BO, {"asset_1": YES}, now=1)
    store.delete(review.id)
    assert (store.people_of(review.id), store.answers_to(review.id)) == ((), ())
    with pytest.raises(NotFound):
        store.end(review.id, 2)


def test_lists(store: ReviewStore) -> None:
    assert store.listed(ADA, now=0, is_open=True, own=False) == ([], False)
    assert not store.has_any()
    first = store.create(draft("First"), ADA, assets(3), origin="", suffix="", now=1)
    store.create(draft("Second", ends=5.0), BO, assets(2), origin="", suffix="", now=2)
    store.answer(first.id, BO, {"asset_1": YES, "asset_2": NO}, now=3)

    def questions(now: float, *, is_open: bool | None, own: bool) -> list[str]:
        found, _ = store.listed(BO, now=now, is_open=is_open, own=own)
        return [each.review.question for each in found]

    assert questions(4, is_open=True, own=False) == ["Second", "First"]
    assert questions(6, is_open=True, own=False) == ["First"]
    assert questions(6, is_open=False, own=False) == ["Second"]
    assert questions(4, is_open=None, own=True) == ["Second"]
    (_, row), _ = store.listed(BO, now=4, is_open=True, own=False)
    assert (row.size, row.people, row.own) == (3, 1, 2)
    for number in range(PAGE):
        store.create(draft(), ADA, assets(1), origin="", suffix="", now=10.0 + number)
    found, has_more = store.listed(None, now=4, is_open=True, own=False)
    rest, is_last = store.listed(None, now=4, is_open=True, own=False, page=2)
    assert (len(found), has_more, len(rest), is_last) == (PAGE, True, 2, False)
    assert store.has_any()


def test_links_are_renewed_and_removed(store: ReviewStore) -> None:
    review = store.create(draft(), ADA, assets(1), origin="", suffix="", now=0)
    assert review.link_key == ""
    store.renew_link(review.id)
    first = store.get(review.id).link_key
    store.renew_link(review.id)
    assert first
    assert store.get(review.id).link_key not in {"", first}
    store.remove_link(review.id)
    assert store.get(review.id).link_key == ""
