"""Response cache: fresh, renewed, stale; coalesced; never longer valid than the URLs inside."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from app.errors import (
    AkinError,
    InvalidKey,
    OptionalCallRefused,
    QuotaExceeded,
    UpstreamDown,
    UpstreamError,
    UpstreamTimeout,
)
from app.scenario.request_budget import RequestBudget
from app.scenario.response_cache import (
    EXPIRY_MARGIN,
    FAILURE_SECONDS,
    MOST_RENEWALS,
    RENEWAL_PERIODS,
    CachedResponse,
    CacheKey,
    ResponseCache,
)
from app.storage.cache import CacheStore, MemoryBackend
from tests.support.clock import Clock
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FRESH = 60.0


class Api:
    """An API that returns `body` or raises `error`, and counts its calls."""

    def __init__(self) -> None:
        self.body = b"first"
        self.error: UpstreamError | None = None
        self.expires: float | None = None
        self.count = 0
        self.called = threading.Semaphore(0)

    def __call__(self, _: RequestBudget) -> bytes:
        self.count += 1
        self.called.release()
        if self.error is not None:
            raise type(self.error)(self.error.message)
        return self.body

    def request(self, key: str = "key", lifetime: float = 1.0) -> CacheKey:
        return CacheKey(key, self, lambda _: self.expires, lifetime)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock(1_000_000.0)


@pytest.fixture
def api() -> Api:
    """An API that works."""
    return Api()


@pytest.fixture
def store(clock: Clock) -> CacheStore:
    """Memory with the same clock."""
    return CacheStore(MemoryBackend(clock=clock), None)


@pytest.fixture
def cache(clock: Clock, store: CacheStore) -> Iterator[ResponseCache]:
    """Fresh for a minute, usable for a day."""
    made = ResponseCache(store, seconds=FRESH, stale_seconds=86400, clock=clock)
    yield made
    made.close()


@pytest.fixture
def budget() -> RequestBudget:
    """The budget of a request."""
    return RequestBudget.lasting(60)


def get(cache: ResponseCache, key: CacheKey, budget: RequestBudget | None = None) -> CachedResponse:
    """Get a response, with an unlimited budget unless a test passes one."""
    return cache.get(key, budget or RequestBudget())


def finish_renewals(cache: ResponseCache) -> None:
    """Wait until the renewals in progress have ended."""
    eventually(lambda: not cache.renewals)


# --- fresh, renewed, stale ------ -------------------------------------------------------------


def test_a_fresh_response_needs_no_call(cache: ResponseCache, api: Api, clock: Clock) -> None:
    bodies = [get(cache, api.request()).body]
    clock.now += FRESH - 1
    bodies.append(get(cache, api.request()).body)
    assert (bodies, api.count) == ([b"first", b"first"], 1)


def test_requests_with_other_keys_have_other_responses(cache: ResponseCache, api: Api) -> None:
    get(cache, api.request("one"))
    api.body = b"second"
    assert get(cache, api.request("two")).body == b"second"


def test_a_stale_response_is_returned_at_once_and_renewed_in_the_background(
    cache: ResponseCache, api: Api, clock: Clock, budget: RequestBudget
) -> None:
    get(cache, api.request(), budget)
    clock.now += FRESH
    api.body = b"second"
    assert get(cache, api.request(), budget).body == b"first"
    finish_renewals(cache)
    assert (get(cache, api.request(), budget).body, api.count) == (b"second", 2)
    assert budget.responses.stale_reason is None


def test_a_response_too_old_for_background_renewal_is_fetched(
    cache: ResponseCache, api: Api, clock: Clock
) -> None:
    get(cache, api.request())
    api.error = UpstreamDown("away")
    clock.now += FRESH * (1 + RENEWAL_PERIODS) - 1
    assert get(cache, api.request()).body == b"first"
    finish_renewals(cache)
    clock.now += 1
    api.body, api.error = b"second", None
    assert get(cache, api.request()).body == b"second"


def test_a_response_that_does_not_change_stays_fresh_longer_each_time(
    cache: ResponseCache, api: Api, clock: Clock
) -> None:
    lengths = []
    for _ in range(6):
        entry = get(cache, api.request())
        lengths.append(entry.fresh - entry.fetched)
        clock.now = entry.renew
    assert lengths == [60, 120, 240, 480, 960, 960]


def test_a_change_resets_the_lifetime(cache: ResponseCache, api: Api, clock: Clock) -> None:
    for _ in range(3):
        clock.now = get(cache, api.request()).renew
    api.body = b"second"
    entry = get(cache, api.request())
    assert entry.fresh - entry.fetched == FRESH


def test_the_lifetime_can_be_a_multiple(cache: ResponseCache, api: Api, clock: Clock) -> None:
    get(cache, api.request(lifetime=10))
    clock.now += FRESH * 10 - 1
    get(cache, api.request(lifetime=10))
    assert api.count == 1


def test_a_request_for_fresh_responses_accepts_one_of_a_few_seconds(
    cache: ResponseCache, api: Api, clock: Clock
) -> None:
    get(cache, api.request())
    api.body = b"second"
    fresh = RequestBudget(wants_fresh=True)
    clock.now += 4
    bodies = [get(cache, api.request(), fresh).body]
    clock.now += 1
    bodies.append(get(cache, api.request(), fresh).body)
    assert bodies == [b"first", b"second"]


@pytest.mark.parametrize("error", [UpstreamDown, UpstreamTimeout, QuotaExceeded])
def test_a_failure_is_answered_by_a_stale_response_with_the_reason(
    cache: ResponseCache, api: Api, clock: Clock, budget: RequestBudget, error: type[UpstreamError]
) -> None:
    get(cache, api.request(), budget)
    clock.now += 7200
    api.error = error("away")
    assert get(cache, api.request(), budget).body == b"first"
    assert (type(budget.responses.stale_reason), budget.responses.stale_seconds) == (error, 7200)


def test_a_refusal_is_not_answered_by_a_stale_response(
    cache: ResponseCache, api: Api, clock: Clock
) -> None:
    get(cache, api.request())
    clock.now += 7200
    api.error = InvalidKey("revoked")
    with pytest.raises(InvalidKey):
        get(cache, api.request())


def test_a_stale_response_expires(cache: ResponseCache, api: Api, clock: Clock) -> None:
    get(cache, api.request())
    clock.now += 86400
    api.error = UpstreamDown("away")
    with pytest.raises(UpstreamDown):
        get(cache, api.request())


def test_after_a_failed_renewal_the_reason_is_given_and_nothing_is_fetched(
    cache: ResponseCache, api: Api, clock: Clock, budget: RequestBudget
) -> None:
    get(cache, api.request(), budget)
    clock.now += FRESH
    api.error = UpstreamDown("away")
    get(cache, api.request(), budget)
    assert budget.responses.stale_reason is None
    finish_renewals(cache)
    get(cache, api.request(), budget)
    assert (type(budget.responses.stale_reason), budget.responses.stale_seconds, api.count) == (
        UpstreamDown,
        FRESH,
        2,
    )


def test_a_failed_renewal_is_repeated_after_a_while(
    cache: ResponseCache, api: Api, clock: Clock
) -> None:
    get(cache, api.request())
    clock.now += FRESH
    api.error = UpstreamDown("away")
    get(cache, api.request())
    finish_renewals(cache)
    clock.now += FAILURE_SECONDS
    api.body, api.error = b"second", None
    budget = RequestBudget.lasting(60)
    get(cache, api.request(), budget)
    finish_renewals(cache)
    assert (get(cache, api.request()).body, budget.responses.stale_reason) == (b"second", None)


def test_a_request_for_fresh_responses_works_with_an_empty_cache(
    cache: ResponseCache, api: Api
) -> None:
    fresh = RequestBudget(wants_fresh=True)
    assert get(cache, api.request(), fresh).body == b"first"


def test_a_response_that_expires_during_the_fetch_is_not_used(
    cache: ResponseCache, api: Api, clock: Clock
) -> None:
    api.expires = clock.now + 7200 + EXPIRY_MARGIN
    get(cache, api.request())
    clock.now += 7199

    def ask(_: RequestBudget) -> bytes:
        clock.now += 1
        raise UpstreamDown("away")

    with pytest.raises(UpstreamDown):
        get(cache, CacheKey("key", ask, lambda _: None))


# --- after a write ---------------------------------------------------------------------------


def test_a_response_from_before_a_write_is_fetched_again_once(
    cache: ResponseCache, api: Api, clock: Clock
) -> None:
    get(cache, api.request())
    after = RequestBudget(newer_than=clock.now)
    clock.now += 1
    api.body = b"second"
    assert [get(cache, api.request(), after).body for _ in range(3)] == [b"second"] * 3
    assert (get(cache, api.request()).body, api.count) == (b"second", 2)


def test_a_response_from_before_a_write_is_better_than_none(
    cache: ResponseCache, api: Api, clock: Clock
) -> None:
    get(cache, api.request())
    after = RequestBudget(newer_than=clock.now)
    api.error = UpstreamDown("away")
    assert get(cache, api.request(), after).body == b"first"
    assert isinstance(after.responses.stale_reason, UpstreamDown)


def test_a_fetch_that_began_before_a_write_is_not_waited_for(
    cache: ResponseCache, api: Api, clock: Clock
) -> None:
    began, written = threading.Event(), threading.Event()

    def slow(_: RequestBudget) -> bytes:
        began.set()
        assert written.wait(20)
        return b"from before"

    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(get, cache, CacheKey("key", slow, lambda _: None))
        assert began.wait(20)
        clock.now += 1
        after = RequestBudget(newer_than=clock.now)
        clock.now += 1
        mine = pool.submit(get, cache, api.request(), after)
        written.set()
        assert (other.result().body, mine.result().body) == (b"from before", b"first")


# --- shared with other workers ---------------------------------------------------------------


class Far(MemoryBackend):
    """The store that workers share; counts how often it is read."""

    reads = 0

    def get(self, key: str) -> bytes | None:
        self.reads += 1
        return super().get(key)


@pytest.fixture
def far(clock: Clock) -> Far:
    """An empty store."""
    return Far(clock=clock)


@pytest.fixture
def worker(clock: Clock, far: Far) -> Iterator[Callable[[], ResponseCache]]:
    """Makes the cache of one process after the other."""
    made: list[ResponseCache] = []

    def make() -> ResponseCache:
        store = CacheStore(MemoryBackend(clock=clock), far)
        made.append(ResponseCache(store, seconds=FRESH, stale_seconds=86400, clock=clock))
        return made[-1]

    yield make
    for cache in made:
        cache.close()


def test_a_worker_reads_a_response_of_another_once(
    worker: Callable[[], ResponseCache], far: Far, api: Api
) -> None:
    get(worker(), api.request())
    other, before = worker(), far.reads
    bodies = [get(other, api.request()).body for _ in range(3)]
    assert (bodies, api.count, far.reads - before) == ([b"first"] * 3, 1, 1)


def test_a_worker_uses_what_another_has_renewed(
    worker: Callable[[], ResponseCache], api: Api, clock: Clock
) -> None:
    one, other = worker(), worker()
    for cache in (one, other):
        get(cache, api.request())
    clock.now += FRESH
    api.body = b"second"
    get(one, api.request())
    finish_renewals(one)
    assert (get(other, api.request()).body, api.count) == (b"second", 2)
    assert other.renewals == 0


def test_an_older_shared_response_does_not_replace_a_newer_one(
    worker: Callable[[], ResponseCache], far: Far, api: Api, clock: Clock
) -> None:
    one = worker()
    get(one, api.request())
    older = far.get("key")
    clock.now += FRESH * (1 + RENEWAL_PERIODS)
    api.body = b"second"
    get(one, api.request())
    far.set("key", older, timeout=7200)
    clock.now += FRESH
    assert get(one, api.request()).body == b"second"


def test_a_damaged_shared_entry_is_fetched_again(
    worker: Callable[[], ResponseCache], far: Far, api: Api
) -> None:
    far.set("key", b"garbage" * 100, timeout=60)
    assert (get(worker(), api.request()).body, api.count) == (b"first", 1)


# --- the URLs inside -------------------------------------------------------------------------


def test_a_response_is_not_fresh_when_its_urls_are_about_to_expire(
    cache: ResponseCache, api: Api, clock: Clock
) -> None:
    api.expires = clock.now + 30 + EXPIRY_MARGIN
    get(cache, api.request())
    clock.now += 30
    api.body, api.expires = b"second", clock.now + 86400
    assert get(cache, api.request()).body == b"second"


def test_a_stale_response_is_not_used_when_its_urls_are_about_to_expire(
    cache: ResponseCache, api: Api, clock: Clock
) -> None:
    api.expires = clock.now + 3600
    get(cache, api.request())
    clock.now += 3600 - EXPIRY_MARGIN
    api.error = UpstreamDown("away")
    with pytest.raises(UpstreamDown):
        get(cache, api.request())


def test_a_response_whose_urls_have_expired_is_returned_and_not_stored(
    cache: ResponseCache, api: Api, clock: Clock
) -> None:
    api.expires = clock.now - 3600
    get(cache, api.request())
    assert (get(cache, api.request()).body, api.count) == (b"first", 2)


# --- coalesced -------------------------------------------------------------------------------


def at_once(count: int, work: Callable[[], object]) -> list[object]:
    """Results of a function in this many threads that start together: values or errors."""
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
    """An API that responds only after `may_respond` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.may_respond = threading.Event()

    def __call__(self, budget: RequestBudget) -> bytes:
        self.called.release()
        self.may_respond.wait(300)  # also in a test that has failed already
        return super().__call__(budget)


def respond_when_waiting(api: SlowApi, callers: int) -> None:
    """Let it respond as soon as this many requests wait for a call, or a second call is made."""
    enough = waiting() + callers

    def respond() -> None:
        api.called.acquire()
        eventually(lambda: waiting() >= enough or api.called.acquire(blocking=False))
        api.may_respond.set()

    threading.Thread(target=respond).start()


def waiting() -> float:
    """Number of requests that wait for the call of another, from the metrics."""
    return REGISTRY.get_sample_value("akin_waiting") or 0.0


def test_concurrent_identical_requests_share_one_call(cache: ResponseCache) -> None:
    api = SlowApi()

    def body() -> bytes:
        return get(cache, api.request(), RequestBudget.lasting(60)).body

    respond_when_waiting(api, 7)
    assert at_once(8, body) == [b"first"] * 8
    assert api.count == 1


def test_concurrent_requests_share_a_failure_with_an_exception_each(
    cache: ResponseCache,
) -> None:
    api = SlowApi()
    api.error = UpstreamDown("away")
    respond_when_waiting(api, 7)
    errors = at_once(8, lambda: get(cache, api.request()))
    assert [str(error) for error in errors] == ["away"] * 8
    assert (len(set(map(id, errors))), api.count) == (8, 1)


def test_a_response_is_renewed_once_at_a_time(cache: ResponseCache, clock: Clock) -> None:
    api = SlowApi()
    api.may_respond.set()
    get(cache, api.request())
    api.may_respond.clear()
    clock.now += FRESH
    bodies = [get(cache, api.request()).body for _ in range(8)]
    assert (bodies, cache.renewals) == ([b"first"] * 8, 1)
    api.may_respond.set()
    finish_renewals(cache)
    assert api.count == 2


def test_the_number_of_waiting_renewals_is_limited(cache: ResponseCache, clock: Clock) -> None:
    api = SlowApi()
    keys = [api.request(str(number)) for number in range(MOST_RENEWALS + 6)]
    for may_respond in (True, False):
        api.may_respond.set() if may_respond else api.may_respond.clear()
        for key in keys:
            get(cache, key)
        clock.now += FRESH
    assert cache.renewals == MOST_RENEWALS
    api.may_respond.set()
    finish_renewals(cache)
    assert api.count == len(keys) + MOST_RENEWALS


def test_a_request_without_time_stops_waiting_for_another(cache: ResponseCache) -> None:
    api = SlowApi()
    leader = threading.Thread(target=lambda: get(cache, api.request()))
    leader.start()
    api.called.acquire()
    with pytest.raises(UpstreamTimeout):
        get(cache, api.request(), RequestBudget.lasting(0))
    api.may_respond.set()
    leader.join()


def test_a_request_does_not_get_the_refusal_of_an_optional_call(cache: ResponseCache) -> None:
    started, may_fail = threading.Semaphore(0), threading.Event()

    def fetch(budget: RequestBudget) -> bytes:
        if not budget.is_optional:
            return b"first"
        started.release()
        may_fail.wait(300)
        raise OptionalCallRefused(30)

    def outcome(budget: RequestBudget) -> object:
        try:
            return get(cache, CacheKey("key", fetch, lambda _: None), budget).body
        except OptionalCallRefused as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        optional = pool.submit(outcome, RequestBudget(is_optional=True))
        started.acquire()
        request = pool.submit(outcome, RequestBudget())
        may_fail.set()
        assert (request.result(), optional.result()) == (b"first", "PREFETCH_SPARED")


def test_an_optional_call_renews_nothing(cache: ResponseCache, api: Api, clock: Clock) -> None:
    get(cache, api.request())
    clock.now += FRESH
    get(cache, api.request(), RequestBudget(is_optional=True))
    finish_renewals(cache)
    assert api.count == 1


# --- entries ---------------------------------------------------------------------------------


def test_a_lifetime_of_zero_stores_nothing(store: CacheStore, api: Api) -> None:
    cache = ResponseCache(store, seconds=0)
    assert [get(cache, api.request()).body for _ in range(2)] == [b"first"] * 2
    assert api.count == 2


def test_a_response_that_is_too_large_is_returned_and_not_stored(
    cache: ResponseCache, api: Api
) -> None:
    api.body = b"x" * (4 * 1024 * 1024 + 1)
    for _ in range(2):
        get(cache, api.request())
    assert api.count == 2


@given(st.binary(max_size=300), st.integers(0, 15))
def test_an_entry_is_unpacked_as_it_was_packed(body: bytes, doublings: int) -> None:
    entry = CachedResponse(body, 1.5, 2.5, 3.5, 4.5, doublings, CachedResponse.digest_of(body))
    assert CachedResponse.unpack(entry.pack()) == entry


@given(st.binary(max_size=200))
def test_other_bytes_are_not_an_entry(garbage: bytes) -> None:
    assert CachedResponse.unpack(garbage) is None


@given(st.integers(0, 10_000))
def test_an_entry_with_a_changed_body_is_rejected(place: int) -> None:
    body = b"a response of the API"
    packed = bytearray(CachedResponse(body, 1, 2, 3, 4, 0, CachedResponse.digest_of(body)).pack())
    packed[len(packed) - 1 - place % len(body)] ^= 1
    assert CachedResponse.unpack(bytes(packed)) is None


def test_an_entry_of_another_version_is_rejected() -> None:
    body = b"a response of the API"
    packed = CachedResponse(body, 1, 2, 3, 4, 0, CachedResponse.digest_of(body)).pack()
    assert CachedResponse.unpack(b"akin0" + packed[5:]) is None


def test_the_digest_of_a_page_is_that_of_its_responses(cache: ResponseCache, api: Api) -> None:
    digests = []
    for body in (b"first", b"first", b"second"):
        api.body = body
        budget = RequestBudget()
        get(cache, api.request(body.decode()), budget)
        digests.append(budget.responses.digest)
    assert (digests[0] == digests[1], digests[1] == digests[2]) == (True, False)
