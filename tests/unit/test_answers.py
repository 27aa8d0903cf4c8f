"""Answers: fresh, renewed, standing in; asked for once; never past the end of the URLs in them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from app import visits
from app.answers import (
    MARGIN,
    MOST_RENEWALS,
    PATIENCE,
    TROUBLE_SECONDS,
    Answers,
    Entry,
    Question,
)
from app.errors import (
    AkinError,
    BadKey,
    PrefetchSpared,
    QuotaExceeded,
    UpstreamDown,
    UpstreamError,
    UpstreamTimeout,
)
from app.shelves import MemoryBackend, Shelf
from app.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FRESH = 60.0


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Api:
    """What is asked: answers `answer`, or raises `error`; counts."""

    def __init__(self) -> None:
        self.answer = b"first"
        self.error: UpstreamError | None = None
        self.ends: float | None = None
        self.count = 0
        self.was_asked = threading.Semaphore(0)

    def __call__(self) -> bytes:
        self.count += 1
        self.was_asked.release()
        if self.error is not None:
            raise type(self.error)(self.error.message)
        return self.answer

    def question(self, key: str = "key", lasts: float = 1.0) -> Question:
        return Question(key, self, lambda _: self.ends, lasts)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def api() -> Api:
    """An API in good health."""
    return Api()


@pytest.fixture
def shelf(clock: Clock) -> Shelf:
    """Memory on the same clock."""
    return Shelf(MemoryBackend(clock=clock), None)


@pytest.fixture
def answers(clock: Clock, shelf: Shelf) -> Iterator[Answers]:
    """Fresh for a minute, standing in for a day."""
    made = Answers(shelf, seconds=FRESH, stale_seconds=86400, clock=clock)
    yield made
    made.close()


@pytest.fixture
def visit() -> Iterator[Visit]:
    """The page view that asks."""
    with visits.during(Visit.lasting(60)) as going_on:
        yield going_on


def settled(answers: Answers) -> None:
    """Wait for the renewals that have begun."""
    while answers.waiting:
        time.sleep(0.001)


# --- fresh, renewed, standing in -------------------------------------------------------------


def test_a_fresh_answer_costs_no_call(answers: Answers, api: Api, clock: Clock) -> None:
    bodies = [answers.get(api.question()).body]
    clock.now += FRESH - 1
    bodies.append(answers.get(api.question()).body)
    assert (bodies, api.count) == ([b"first", b"first"], 1)


def test_different_questions_have_different_answers(answers: Answers, api: Api) -> None:
    answers.get(api.question("one"))
    api.answer = b"second"
    assert answers.get(api.question("two")).body == b"second"


def test_a_stale_answer_is_shown_at_once_and_renewed_behind_it(
    answers: Answers, api: Api, clock: Clock, visit: Visit
) -> None:
    answers.get(api.question())
    clock.now += FRESH
    api.answer = b"second"
    assert answers.get(api.question()).body == b"first"
    settled(answers)
    assert (answers.get(api.question()).body, api.count) == (b"second", 2)
    assert visit.excuse is None


def test_an_answer_that_is_too_old_to_be_renewed_behind_is_asked_for(
    answers: Answers, api: Api, clock: Clock
) -> None:
    answers.get(api.question())
    api.error = UpstreamDown("away")
    clock.now += FRESH * (1 + PATIENCE) - 1
    assert answers.get(api.question()).body == b"first"
    settled(answers)
    clock.now += 1
    api.answer, api.error = b"second", None
    assert answers.get(api.question()).body == b"second"


def test_an_answer_that_renewals_find_unchanged_stays_fresh_longer_each_time(
    answers: Answers, api: Api, clock: Clock
) -> None:
    lengths = []
    for _ in range(6):
        entry = answers.get(api.question())
        lengths.append(entry.fresh - entry.asked)
        clock.now = entry.renew
    assert lengths == [60, 120, 240, 480, 960, 960]


def test_a_change_makes_it_short_again(answers: Answers, api: Api, clock: Clock) -> None:
    for _ in range(3):
        clock.now = answers.get(api.question()).renew
    api.answer = b"second"
    entry = answers.get(api.question())
    assert entry.fresh - entry.asked == FRESH


def test_some_answers_last_longer_than_others(answers: Answers, api: Api, clock: Clock) -> None:
    answers.get(api.question(lasts=10))
    clock.now += FRESH * 10 - 1
    answers.get(api.question(lasts=10))
    assert api.count == 1


def test_whoever_asks_for_what_is_new_gets_it_but_not_again_within_seconds(
    answers: Answers, api: Api, clock: Clock
) -> None:
    answers.get(api.question())
    api.answer = b"second"
    with visits.during(Visit(wants_new=True)):
        clock.now += 4
        bodies = [answers.get(api.question()).body]
        clock.now += 1
        bodies.append(answers.get(api.question()).body)
    assert bodies == [b"first", b"second"]


@pytest.mark.parametrize("error", [UpstreamDown, UpstreamTimeout, QuotaExceeded])
def test_an_old_answer_stands_in_with_an_excuse(
    answers: Answers, api: Api, clock: Clock, visit: Visit, error: type[UpstreamError]
) -> None:
    answers.get(api.question())
    clock.now += 7200
    api.error = error("away")
    assert answers.get(api.question()).body == b"first"
    assert (type(visit.excuse), visit.oldest) == (error, 7200)


def test_no_old_answer_stands_in_for_a_refusal(answers: Answers, api: Api, clock: Clock) -> None:
    answers.get(api.question())
    clock.now += 7200
    api.error = BadKey("revoked")
    with pytest.raises(BadKey):
        answers.get(api.question())


def test_nothing_stands_in_after_its_day(answers: Answers, api: Api, clock: Clock) -> None:
    answers.get(api.question())
    clock.now += 86400
    api.error = UpstreamDown("away")
    with pytest.raises(UpstreamDown):
        answers.get(api.question())


def test_what_a_renewal_failed_to_renew_is_shown_with_an_excuse_and_not_asked_for_at_once(
    answers: Answers, api: Api, clock: Clock, visit: Visit
) -> None:
    answers.get(api.question())
    clock.now += FRESH
    api.error = UpstreamDown("away")
    answers.get(api.question())
    assert visit.excuse is None
    settled(answers)
    answers.get(api.question())
    assert (type(visit.excuse), visit.oldest, api.count) == (UpstreamDown, FRESH, 2)


def test_what_a_renewal_failed_to_renew_is_tried_again_after_a_while(
    answers: Answers, api: Api, clock: Clock
) -> None:
    answers.get(api.question())
    clock.now += FRESH
    api.error = UpstreamDown("away")
    answers.get(api.question())
    settled(answers)
    clock.now += TROUBLE_SECONDS
    api.answer, api.error = b"second", None
    with visits.during(Visit.lasting(60)) as visit:
        answers.get(api.question())
    settled(answers)
    assert (answers.get(api.question()).body, visit.excuse) == (b"second", None)


def test_whoever_asks_for_what_is_new_gets_it_where_nothing_is_kept(
    answers: Answers, api: Api
) -> None:
    with visits.during(Visit(wants_new=True)):
        assert answers.get(api.question()).body == b"first"


def test_nothing_stands_in_that_ended_while_it_was_asked_for(
    answers: Answers, api: Api, clock: Clock
) -> None:
    api.ends = clock.now + 7200 + MARGIN
    answers.get(api.question())
    clock.now += 7199

    def ask() -> bytes:
        clock.now += 1
        raise UpstreamDown("away")

    with pytest.raises(UpstreamDown):
        answers.get(Question("key", ask, lambda _: None))


# --- shared with other workers ---------------------------------------------------------------


class Far(MemoryBackend):
    """What all workers share; counts how often it is read."""

    reads = 0

    def get(self, key: str) -> bytes | None:
        self.reads += 1
        return super().get(key)


@pytest.fixture
def far(clock: Clock) -> Far:
    """Nothing yet."""
    return Far(clock=clock)


@pytest.fixture
def worker(clock: Clock, far: Far) -> Iterator[Callable[[], Answers]]:
    """Makes the answers of one process after the other."""
    made: list[Answers] = []

    def make() -> Answers:
        shelf = Shelf(MemoryBackend(clock=clock), far)
        made.append(Answers(shelf, seconds=FRESH, stale_seconds=86400, clock=clock))
        return made[-1]

    yield make
    for answers in made:
        answers.close()


def test_what_one_worker_was_answered_another_shows_and_looks_for_it_once(
    worker: Callable[[], Answers], far: Far, api: Api
) -> None:
    worker().get(api.question())
    other, before = worker(), far.reads
    bodies = [other.get(api.question()).body for _ in range(3)]
    assert (bodies, api.count, far.reads - before) == ([b"first"] * 3, 1, 1)


def test_what_one_worker_has_renewed_another_shows_without_asking(
    worker: Callable[[], Answers], api: Api, clock: Clock
) -> None:
    one, other = worker(), worker()
    for answers in (one, other):
        answers.get(api.question())
    clock.now += FRESH
    api.answer = b"second"
    one.get(api.question())
    settled(one)
    assert (other.get(api.question()).body, api.count) == (b"second", 2)
    assert other.waiting == 0


def test_what_is_shared_and_older_is_not_shown_instead(
    worker: Callable[[], Answers], far: Far, api: Api, clock: Clock
) -> None:
    one = worker()
    one.get(api.question())
    older = far.get("key")
    clock.now += FRESH * (1 + PATIENCE)
    api.answer = b"second"
    one.get(api.question())
    far.set("key", older, timeout=7200)
    clock.now += FRESH
    assert one.get(api.question()).body == b"second"


def test_garbage_that_is_shared_is_asked_for_anew(
    worker: Callable[[], Answers], far: Far, api: Api
) -> None:
    far.set("key", b"garbage" * 100, timeout=60)
    assert (worker().get(api.question()).body, api.count) == (b"first", 1)


# --- the URLs inside -------------------------------------------------------------------------


def test_no_answer_is_shown_when_its_urls_have_nearly_ended(
    answers: Answers, api: Api, clock: Clock
) -> None:
    api.ends = clock.now + 30 + MARGIN
    answers.get(api.question())
    clock.now += 30
    api.answer, api.ends = b"second", clock.now + 86400
    assert answers.get(api.question()).body == b"second"


def test_no_answer_stands_in_when_its_urls_have_nearly_ended(
    answers: Answers, api: Api, clock: Clock
) -> None:
    api.ends = clock.now + 3600
    answers.get(api.question())
    clock.now += 3600 - MARGIN
    api.error = UpstreamDown("away")
    with pytest.raises(UpstreamDown):
        answers.get(api.question())


def test_an_answer_whose_urls_had_ended_when_it_came_is_passed_on_and_not_kept(
    answers: Answers, api: Api, clock: Clock
) -> None:
    api.ends = clock.now - 3600
    answers.get(api.question())
    assert (answers.get(api.question()).body, api.count) == (b"first", 2)


# --- asked for once --------------------------------------------------------------------------


def at_once(count: int, work: Callable[[], object]) -> list[object]:
    """What so many threads get that begin together: an answer or an error each."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(work())
        except AkinError as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class SlowApi(Api):
    """Answers only once it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()

    def __call__(self) -> bytes:
        self.was_asked.release()
        self.let.wait(300)  # of a test that has failed before, too
        return super().__call__()


def let_when_waiting(api: SlowApi, callers: int) -> None:
    """Let it answer as soon as so many more wait for what one has asked, or a second one asks."""
    enough = waiting() + callers

    def let() -> None:
        api.was_asked.acquire()
        while waiting() < enough and not api.was_asked.acquire(blocking=False):
            time.sleep(0.001)
        api.let.set()

    threading.Thread(target=let).start()


def waiting() -> float:
    """How many wait for what another has asked, as the metrics tell it."""
    return REGISTRY.get_sample_value("akin_waiting") or 0.0


def test_callers_who_want_the_same_at_the_same_time_share_one_call(answers: Answers) -> None:
    api = SlowApi()

    def get() -> bytes:
        with visits.during(Visit.lasting(60)):
            return answers.get(api.question()).body

    let_when_waiting(api, 7)
    assert at_once(8, get) == [b"first"] * 8
    assert api.count == 1


def test_callers_share_a_failure_too_each_with_an_exception_of_its_own(answers: Answers) -> None:
    api = SlowApi()
    api.error = UpstreamDown("away")
    let_when_waiting(api, 7)
    errors = at_once(8, lambda: answers.get(api.question()))
    assert [str(error) for error in errors] == ["away"] * 8
    assert (len(set(map(id, errors))), api.count) == (8, 1)


def test_one_renewal_goes_on_however_many_look(answers: Answers, clock: Clock) -> None:
    api = SlowApi()
    api.let.set()
    answers.get(api.question())
    api.let.clear()
    clock.now += FRESH
    bodies = [answers.get(api.question()).body for _ in range(8)]
    assert (bodies, answers.waiting) == ([b"first"] * 8, 1)
    api.let.set()
    settled(answers)
    assert api.count == 2


def test_no_more_renewals_wait_than_there_is_room_for(answers: Answers, clock: Clock) -> None:
    api = SlowApi()
    questions = [api.question(str(number)) for number in range(MOST_RENEWALS + 6)]
    for let in (True, False):
        api.let.set() if let else api.let.clear()
        for question in questions:
            answers.get(question)
        clock.now += FRESH
    assert answers.waiting == MOST_RENEWALS
    api.let.set()
    settled(answers)
    assert api.count == len(questions) + MOST_RENEWALS


def test_whoever_has_no_time_left_stops_waiting_for_the_other(answers: Answers) -> None:
    api = SlowApi()
    leader = threading.Thread(target=lambda: answers.get(api.question()))
    leader.start()
    api.was_asked.acquire()
    with visits.during(Visit.lasting(0)), pytest.raises(UpstreamTimeout):
        answers.get(api.question())
    api.let.set()
    leader.join()


def test_a_reader_does_not_get_the_refusal_that_a_prefetch_met(answers: Answers) -> None:
    turns = threading.Semaphore(0)
    reader_waits = threading.Event()
    calls: list[bool] = []

    def ask() -> bytes:
        calls.append(visits.current().is_prefetch)
        if calls[-1]:
            turns.release()
            reader_waits.wait(300)
            raise PrefetchSpared(30)
        return b"first"

    def prefetch() -> None:
        with visits.during(Visit(is_prefetch=True)):
            at_once_results.append(outcome(question))

    def outcome(question: Question) -> object:
        try:
            return answers.get(question).body
        except PrefetchSpared as error:
            return error.code

    at_once_results: list[object] = []
    question = Question("key", ask, lambda _: None)
    first = threading.Thread(target=prefetch)
    first.start()
    turns.acquire()
    got: list[object] = []
    reader = threading.Thread(target=lambda: got.append(outcome(question)))
    reader.start()
    reader_waits.set()
    reader.join()
    first.join()
    assert (got, at_once_results) == ([b"first"], ["PREFETCH_SPARED"])


def test_a_prefetch_renews_nothing(answers: Answers, api: Api, clock: Clock) -> None:
    answers.get(api.question())
    clock.now += FRESH
    with visits.during(Visit(is_prefetch=True)):
        answers.get(api.question())
    settled(answers)
    assert api.count == 1


# --- what is kept ----------------------------------------------------------------------------


def test_without_freshness_nothing_is_kept(shelf: Shelf, api: Api) -> None:
    answers = Answers(shelf, seconds=0)
    assert [answers.get(api.question()).body for _ in range(2)] == [b"first"] * 2
    assert api.count == 2


def test_an_answer_that_is_far_too_large_is_passed_on_and_not_kept(
    answers: Answers, api: Api
) -> None:
    api.answer = b"x" * (4 * 1024 * 1024 + 1)
    for _ in range(2):
        answers.get(api.question())
    assert api.count == 2


@given(st.binary(max_size=300), st.integers(0, 15))
def test_an_entry_is_read_as_it_was_written(body: bytes, doublings: int) -> None:
    entry = Entry(body, 1.5, 2.5, 3.5, 4.5, doublings, Entry.digest_of(body))
    assert Entry.unpacked(entry.packed()) == entry


@given(st.binary(max_size=200))
def test_garbage_is_no_entry(garbage: bytes) -> None:
    assert Entry.unpacked(garbage) is None


@given(st.integers(0, 10_000))
def test_an_entry_with_one_byte_of_its_body_changed_is_no_entry(place: int) -> None:
    body = b"an answer of the API"
    packed = bytearray(Entry(body, 1, 2, 3, 4, 0, Entry.digest_of(body)).packed())
    packed[len(packed) - 1 - place % len(body)] ^= 1
    assert Entry.unpacked(bytes(packed)) is None


def test_an_entry_of_another_version_is_no_entry() -> None:
    body = b"an answer of the API"
    packed = Entry(body, 1, 2, 3, 4, 0, Entry.digest_of(body)).packed()
    assert Entry.unpacked(b"akin0" + packed[5:]) is None


def test_a_page_of_the_same_answers_has_the_same_digest_and_of_others_another(
    answers: Answers, api: Api
) -> None:
    digests = []
    for answer in (b"first", b"first", b"second"):
        api.answer = answer
        with visits.during(Visit()) as visit:
            answers.get(api.question(answer.decode()))
        digests.append(visit.digest)
    assert (digests[0] == digests[1], digests[1] == digests[2]) == (True, False)
