"""Stale responses while the API is down, requests that are not sent, and recovery.

Clocks are the application's own, so nothing waits but for a time-out.
"""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from app import create_app
from app.storage.cache import CacheStore, MemoryBackend
from app.web.context import services_of
from config import Settings
from tests.faults import SEARCH, Upstream
from tests.faults.synthetic import asset_id, hit
from tests.support.clock import Clock
from tests.support.time_limits import PATIENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient


pytestmark = pytest.mark.usefixtures("no_pauses")

LONG = 60.0  # seconds, which nothing takes that comes at all


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A healthy API with 60 assets, whose URLs stay the same for days, as the real one's do."""
    with Upstream(count=60) as server:
        ends = time.time() + 7 * 86400
        server.healthy.hit = functools.partial(hit, cdn=server.origin, expires=ends)
        yield server


@pytest.fixture
def clock() -> Clock:
    """What the application takes for now."""
    return Clock(time.time())


class Machine:
    """An application whose clock the test sets."""

    def __init__(
        self,
        upstream: Upstream,
        data: Path,
        clock: Clock,
        *,
        timeout: float = LONG,
        **settings: Any,
    ) -> None:
        chosen = Settings(
            base_url=upstream.url,
            api_key="key",
            api_secret="secret",
            data=data,
            timeout=timeout,
            **settings,
        )
        self.upstream = upstream
        self.clock = clock
        cache = CacheStore(MemoryBackend(clock=clock), None)
        self.app = create_app(chosen, clock=clock, cache=cache, limits=PATIENT)
        self.services = services_of(self.app)
        self.client: FlaskClient = self.app.test_client()

    def get(self, path: str, **headers: str) -> Any:
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(path, headers=spelled)

    def searches(self) -> int:
        return len(self.upstream.received())

    def leave(self) -> None:
        """End the background requests: they would log in another test."""
        self.upstream.close()
        self.services.close()

    def meets(self, fault: str, on: str = SEARCH) -> None:
        """From now on; an answer that never comes is not waited for as long as one that does."""
        self.upstream.always(fault, on=on)
        self.services.transport._timeout = 0.4 if fault == "no-answer" else LONG


@pytest.fixture
def machine(upstream: Upstream, tmp_path: Path, clock: Clock) -> Iterator[Machine]:
    """No ceiling."""
    made = Machine(upstream, tmp_path, clock)
    yield made
    made.leave()


def notice(answer: Any) -> str:
    """What a page says of its age."""
    found = BeautifulSoup(answer.text, "html.parser").select_one("[data-stale]")
    return found.text.strip() if found else ""


def shown(answer: Any) -> int:
    """How many pictures a page shows."""
    return len(BeautifulSoup(answer.text, "html.parser").select(".grid article.card"))


AWAY = ["refused", "reset", "503", "500", "no-answer", "html", "shape-list", "429", "cut-body"]


@pytest.mark.parametrize("fault", AWAY)
def test_old_results_stand_in_with_a_notice(machine: Machine, fault: str) -> None:
    machine.get("/?query=castle")
    machine.clock.now += 7200
    machine.meets(fault)
    answer = machine.get("/?query=castle")
    assert (answer.status_code, shown(answer) > 0) == (200, True)
    assert notice(answer).endswith("What you see was found 2 hours ago.")


def test_old_results_say_so_to_programs_as_well(machine: Machine) -> None:
    """In the words of the page; a fresh answer says nothing."""
    assert "notice" not in machine.get("/search.json?query=castle").get_json()
    machine.clock.now += 7200
    machine.meets("503")
    answer = machine.get("/search.json?query=castle")
    assert answer.get_json()["notice"].endswith("What you see was found 2 hours ago.")


@pytest.mark.parametrize("fault", ["refused", "503", "no-answer", "429"])
def test_an_old_asset_stands_in_with_a_notice(machine: Machine, fault: str) -> None:
    path = f"/assets/{asset_id(5)}"
    machine.get(path)
    machine.clock.now += 7 * 3600
    machine.meets(fault, on="/v1/assets")
    answer = machine.get(path)
    assert answer.status_code == 200
    assert notice(answer).endswith("What you see was found 7 hours ago.")


@pytest.mark.parametrize(("fault", "status"), [("401", 502), ("403", 403), ("400-filter", 400)])
def test_nothing_stands_in_for_a_refusal(machine: Machine, fault: str, status: int) -> None:
    machine.get("/?query=castle")
    machine.clock.now += 7200
    machine.meets(fault)
    assert machine.get("/?query=castle").status_code == status


def test_a_fresh_page_has_no_notice(machine: Machine) -> None:
    assert notice(machine.get("/?query=castle")) == ""


def test_after_the_failure_pages_are_fresh_again(machine: Machine) -> None:
    machine.get("/?query=castle")
    machine.clock.now += 7200
    machine.meets("503")
    machine.get("/?query=castle")
    machine.meets("healthy")
    machine.clock.now += 60
    assert notice(machine.get("/?query=castle")) == ""


@pytest.mark.parametrize("fault", ["refused", "503", "no-answer", "html"])
def test_an_api_that_keeps_failing_is_left_alone_and_found_again(
    machine: Machine, fault: str
) -> None:
    machine.meets(fault)
    for page in range(2, 8):
        assert machine.get(f"/?page={page}").status_code in {502, 504}
    asked = machine.searches()
    resting = machine.get("/?page=20")
    assert (resting.status_code, machine.searches()) == (502, asked)
    assert int(resting.headers["Retry-After"]) >= 1
    machine.meets("healthy")
    machine.clock.now += 30
    assert machine.get("/?page=2").status_code == 200
    assert machine.get("/?query=castle").status_code == 200


def test_a_breakdown_of_names_alone_does_not_stop_searches(machine: Machine) -> None:
    machine.meets("500", on="/v1/collections")
    for page in range(2, 12):
        machine.clock.now += 20
        assert machine.get(f"/?page={page}&hitsPerPage=24").status_code == 200


def test_an_exceeded_quota_stops_requests_until_its_end(machine: Machine) -> None:
    machine.meets("429-retry-after-far")
    first = machine.get("/?query=castle")
    asked = machine.searches()
    second = machine.get("/?query=dragon")
    assert (first.status_code, second.status_code, machine.searches()) == (503, 503, asked)
    assert int(second.headers["Retry-After"]) > 500
    machine.meets("healthy")
    machine.clock.now += 600
    assert machine.get("/?query=dragon").status_code == 200


def test_a_cut_or_wrong_response_is_never_cached(machine: Machine) -> None:
    for fault in ("html", "cut-body", "not-json", "shape-list"):
        machine.meets(fault)
        assert machine.get("/?query=castle").status_code == 502
    machine.meets("healthy")
    assert machine.get("/?query=castle").status_code == 200


# --- the ceiling -----------------------------------------------------------------------------


@pytest.fixture
def thrifty(upstream: Upstream, tmp_path: Path, clock: Clock) -> Iterator[Machine]:
    """At most twenty calls a minute."""
    clock.now -= clock.now % 60
    made = Machine(upstream, tmp_path, clock, calls_per_minute=20)
    made.get("/")  # its names are known, too
    yield made
    made.leave()


def spend(machine: Machine, until: int) -> None:
    """Make searches until so many calls were made in all."""
    number = 2
    while len(machine.upstream.requests) < until:
        machine.get(f"/?page={number}")
        number += 1


def test_near_the_ceiling_pages_are_no_longer_fetched_ahead(thrifty: Machine) -> None:
    spend(thrifty, 16)
    ahead = thrifty.get("/?query=castle", Sec_Purpose="prefetch;prerender")
    assert ahead.status_code == 503
    assert int(ahead.headers["Retry-After"]) > 0
    assert thrifty.get("/?query=castle").status_code == 200


def test_cached_pages_may_be_prefetched_even_then(thrifty: Machine) -> None:
    spend(thrifty, 16)
    assert thrifty.get("/", Sec_Purpose="prefetch").status_code == 200


def test_scripts_say_purpose_since_browsers_keep_sec_purpose_to_themselves(
    thrifty: Machine,
) -> None:
    spend(thrifty, 16)
    assert thrifty.get("/?query=castle", Purpose="prefetch").status_code == 503


def test_at_the_ceiling_old_answers_stand_in_with_a_notice(thrifty: Machine) -> None:
    thrifty.clock.now += 3600
    thrifty.clock.now -= thrifty.clock.now % 60
    made = len(thrifty.upstream.requests)
    spend(thrifty, made + 20)
    asked = len(thrifty.upstream.requests)
    answer = thrifty.get("/")
    assert (answer.status_code, shown(answer)) == (200, 48)
    assert "quota" in notice(answer)
    refused = thrifty.get("/?query=castle")
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert len(thrifty.upstream.requests) == asked


def test_a_minute_later_all_requests_are_sent_again(thrifty: Machine) -> None:
    spend(thrifty, 20)
    thrifty.clock.now += 121
    assert thrifty.get("/?query=castle").status_code == 200


# --- caching by the browser ------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/?query=castle", f"/assets/{asset_id(5)}"])
def test_a_page_that_has_not_changed_is_not_sent_again(machine: Machine, path: str) -> None:
    first = machine.get(path)
    again = machine.get(path, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert "Content-Security-Policy" in again.headers


def test_another_answer_another_search_or_a_notice_is_another_page(machine: Machine) -> None:
    tags = {machine.get(path).headers["ETag"] for path in ("/", "/?query=castle", "/?page=2")}
    machine.meets("shrinking-pages")
    machine.clock.now += 3600
    tags.add(machine.get("/").headers["ETag"])
    machine.clock.now += 3600
    machine.meets("503")
    tags.add(machine.get("/").headers["ETag"])
    assert len(tags) == 5


def test_the_same_page_has_the_same_tag_on_another_host(
    machine: Machine, tmp_path: Path, clock: Clock
) -> None:
    other = Machine(machine.upstream, tmp_path / "other", clock)
    for each in (machine, other):
        each.get("/")  # names are known after this
    tags = [each.get("/").headers["ETag"] for each in (machine, other)]
    assert tags[0] == tags[1]


def test_a_page_with_an_error_on_it_has_no_tag(machine: Machine) -> None:
    machine.meets("503")
    answer = machine.get("/")
    assert ("ETag" in answer.headers, answer.headers["Cache-Control"]) == (False, "no-store")


# --- what has changed ------------------------------------------------------------------------


def test_an_asset_that_has_changed_since_is_fetched_again(machine: Machine) -> None:
    path = f"/assets/{asset_id(5)}"
    machine.get(path)
    machine.clock.now += 600
    before = len(machine.upstream.received(f"/v1{path}"))
    machine.get(path)
    unchanged = len(machine.upstream.received(f"/v1{path}")) - before
    made = machine.upstream.healthy.hit
    later = {"updatedAt": "2030-01-01T00:00:00.000Z"}
    machine.upstream.healthy.hit = lambda number: made(number) | later
    machine.get("/?hitsPerPage=100")
    machine.get(path)
    assert (unchanged, len(machine.upstream.received(f"/v1{path}")) - before) == (0, 1)


def test_reloading_with_the_cache_switched_off_asks_for_what_is_new(machine: Machine) -> None:
    machine.get("/?query=castle")
    machine.clock.now += 10
    machine.get("/?query=castle")
    asked = machine.searches()
    machine.get("/?query=castle", Cache_Control="no-cache")
    assert (asked, machine.searches()) == (2, 4)  # exact matches, and the closest in meaning
