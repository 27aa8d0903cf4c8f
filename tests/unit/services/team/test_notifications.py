"""Sending in the background: receivers that fail or hang, restarts, two hosts."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from app.network.receivers import ReceiverFailed
from app.records.notifications import NotificationStore
from app.services.team.notifications import PAUSES, Event, Notifications
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Inbox:
    """A receiver that takes messages, refuses them, or waits until `release` is set."""

    id: str = "inbox"
    error: str = ""
    problem: str = ""  # of its URL
    messages: list[tuple[str, str]] = field(default_factory=list)
    release: threading.Event | None = None

    @property
    def label(self) -> str:
        return f"receiver {self.id}"

    def check(self) -> None:
        if self.problem:
            raise ReceiverFailed(self.problem)

    def send(self, title: str, text: str) -> None:
        if self.release:
            self.release.wait()
        if self.error:
            raise ReceiverFailed(self.error)
        self.messages.append((title, text))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[NotificationStore]:
    """An empty store."""
    database = Database("", tmp_path)
    yield NotificationStore(database, "api")
    database.close()


def started(store: NotificationStore, *inboxes: Inbox, clock: Clock | None = None) -> Notifications:
    """Return notifications that look at the store all the time."""
    return Notifications(
        store, inboxes, clock=clock or Clock(), poll_seconds=0.01, send_seconds=0.2
    )


def test_a_message_arrives_with_its_address(store: NotificationStore) -> None:
    inbox = Inbox()
    notifications = started(store, inbox)
    notifications.post(Event("k", "New review: @channel", "See <https://evil>", "https://akin/r"))
    eventually(lambda: inbox.messages)
    notifications.close()
    assert inbox.messages == [("New review: @\u200bchannel", "See ‹https://evil›\nhttps://akin/r")]


def test_without_receivers_nothing_is_stored(store: NotificationStore, tmp_path: Path) -> None:
    notifications = started(store)
    notifications.post(Event("k", "", ""))
    notifications.cancel("k")
    notifications.begin()
    assert not notifications.is_on
    assert list(tmp_path.iterdir()) == []


def test_answers_are_collected_and_a_restart_loses_none(store: NotificationStore) -> None:
    clock = Clock(1000.0)
    before = Notifications(store, [Inbox()], clock=clock, poll_seconds=600)
    before.post(Event("k", "1 answer", ""), delay=300)
    before.post(Event("k", "2 answers", ""), delay=300)
    before.close()
    clock.now = 1300.0
    inbox = Inbox()
    after = started(store, inbox, clock=clock)
    after.begin()
    eventually(lambda: inbox.messages)
    after.close()
    assert inbox.messages == [("2 answers", "")]


def test_two_hosts_send_each_message_once(store: NotificationStore) -> None:
    inbox = Inbox()
    hosts = [started(store, inbox) for _ in range(2)]
    for number in range(20):
        hosts[number % 2].post(Event(f"k{number}", str(number), ""))
    eventually(lambda: len(inbox.messages) >= 20)
    for host in hosts:
        host.close()
    assert sorted(int(title) for title, _ in inbox.messages) == list(range(20))


def test_a_hanging_receiver_delays_no_other_and_gets_one_message(
    store: NotificationStore, caplog: pytest.LogCaptureFixture
) -> None:
    hanging, inbox = Inbox("hangs", release=threading.Event()), Inbox()
    notifications = started(store, hanging, inbox)
    for number in range(3):
        notifications.post(Event(f"k{number}", str(number), ""))
    eventually(lambda: len(inbox.messages) == 3)
    notifications.close()
    assert [each.name for each in threading.enumerate()].count("notification") == 1
    assert "receiver hangs: It did not answer within 0.2 seconds" in caplog.text
    with pytest.raises(ReceiverFailed, match="receiver hangs did not take the last message"):
        notifications.check()
    assert hanging.release is not None
    hanging.release.set()


def test_what_a_receiver_refuses_is_tried_again_by_it_alone(
    store: NotificationStore, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(0.0)
    failing, inbox = Inbox("fails", error="500"), Inbox()
    notifications = Notifications(store, [failing, inbox], clock=clock)
    with caplog.at_level(logging.WARNING):
        store.put("k", "Title", "", due=0, now=0, moves=False)
        notifications.send_due()
    failing.error = ""
    notifications.send_due()
    assert failing.messages == []
    clock.now = PAUSES[0]
    notifications.send_due()
    assert (len(failing.messages), len(inbox.messages)) == (1, 1)
    assert "notification failed: receiver fails: 500" in caplog.text
    assert notifications.check() == (
        "receiver fails: took the last message; receiver inbox: took the last message"
    )


def test_a_message_is_given_up(store: NotificationStore, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock(0.0)
    notifications = Notifications(store, [Inbox(error="500")], clock=clock)
    store.put("k", "Title", "", due=0, now=0, moves=False)
    for pause in (*PAUSES, 0.0):
        notifications.send_due()
        clock.now += pause
    notifications.send_due()
    assert caplog.text.count("notification failed") == 1 + len(PAUSES)
    assert "given up after 4 attempts" in caplog.text


def test_a_url_that_is_no_service_is_reported(store: NotificationStore) -> None:
    notifications = started(store, Inbox(problem="no such service"), Inbox("new"))
    with pytest.raises(ReceiverFailed, match="receiver inbox: no such service"):
        notifications.check()
    assert started(store, Inbox("new")).check() == "receiver new: nothing sent yet"


def test_a_database_that_fails_reaches_no_caller(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    notifications = started(
        NotificationStore(Database("", tmp_path / "file" / "below"), "api"), Inbox()
    )
    notifications.post(Event("k", "", ""))
    notifications.close()
    assert "a notification was not stored" in caplog.text
