"""Notifications to the receivers of AKIN_NOTIFY, sent in the background.

    notifications.post(Event("answered:review_1", "3 answers", "…"), delay=300)

An event is stored in the database, and one process of one host sends it. No caller waits for a
receiver, and no failure reaches a caller.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from app.errors import AkinError
from app.network.receivers import ReceiverFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.records.notifications import Message, NotificationStore

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 20.0
SEND_SECONDS: Final = 30.0  # for all receivers of a message, at the same time
PAUSES: Final = (60.0, 300.0, 1800.0)  # seconds before the attempts after the first
MOST_TITLE: Final = 200  # characters
MOST_TEXT: Final = 2000


@dataclass(frozen=True, slots=True)
class Event:
    """A message for the receivers. While one with the same `key` waits, the newer text replaces it.

    `url`, an absolute address, is the last line of the message.
    """

    key: str
    title: str
    text: str
    url: str = ""


class Receives(Protocol):
    """A receiver (`app.network.receivers.Receiver`)."""

    @property
    def id(self) -> str:
        """Identify it on every host."""

    @property
    def label(self) -> str:
        """Name it without a secret."""

    def check(self) -> None:
        """Raise ReceiverFailed where its URL cannot be used. Nothing is sent."""

    def send(self, title: str, text: str) -> None:
        """Send a message. Raises ReceiverFailed."""


class Notifications:
    """The notifications of one application; without receivers nothing is stored or sent."""

    def __init__(
        self,
        store: NotificationStore,
        receivers: Sequence[Receives],
        *,
        clock: Callable[[], float] = time.time,
        poll_seconds: float = POLL_SECONDS,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        """Send nothing before `begin`."""
        self._store = store
        self._receivers = tuple(receivers)
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._send_seconds = send_seconds
        self._changed = threading.Event()
        self._is_closed = False
        self._hanging: dict[str, threading.Thread] = {}  # by receiver
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    @property
    def is_on(self) -> bool:
        """Whether there are receivers."""
        return bool(self._receivers)

    def post(self, event: Event, *, delay: float = 0.0) -> None:
        """Send an event in `delay` seconds; one that waits already keeps its time."""
        self._put(event, self._clock() + delay, moves=False)

    def schedule(self, event: Event, at: float) -> None:
        """Send an event at a time (seconds since the epoch), also where another was stored."""
        self._put(event, at, moves=True)

    def cancel(self, key: str) -> None:
        """Do not send the event with this key."""
        if not self.is_on:
            return
        try:
            self._store.cancel(key)
        except AkinError as error:
            log.warning("a notification could not be cancelled: %s", error.message)

    def _put(self, event: Event, due: float, *, moves: bool) -> None:
        if not self.is_on:
            return
        text = plain(event.text)[:MOST_TEXT]
        text = "\n".join(filter(None, (text, event.url)))
        title = plain(event.title)[:MOST_TITLE]
        try:
            self._store.put(event.key, title, text, due=due, now=self._clock(), moves=moves)
        except AkinError as error:
            log.warning("a notification was not stored: %s", error.message)
            return
        self._changed.set()
        self.begin()

    # sending

    def begin(self) -> None:
        """Start the thread that sends what is due; the process that is asked first, once."""
        if not self.is_on or self._is_closed:
            return
        with self._starting:
            # A thread does not live on in a forked process.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Claim nothing any more."""
        self._is_closed = True
        self._changed.set()
        if self._thread is not None:
            self._thread.join(self._send_seconds)

    def _run(self) -> None:
        was_failing = False
        while not self._is_closed:
            self._changed.clear()
            try:
                self.send_due()
                was_failing = False
            except AkinError as error:
                if not was_failing:
                    log.warning("notifications are not sent: %s", error.message)
                was_failing = True
            except Exception:  # the thread has to go on
                log.exception("notifications are not sent")
            self._changed.wait(self._poll_seconds)

    def send_due(self) -> None:
        """Send everything that is due and that no other process is sending. Raises StoreFailed."""
        while not self._is_closed and (message := self._store.claim(self._clock())):
            self._send(message)

    def _send(self, message: Message) -> None:
        """Send a message to all receivers that do not have it, side by side."""
        waiting = [each for each in self._receivers if each.id not in message.received]
        failures: dict[str, str] = {}
        attempts = [_Attempt(each, message) for each in waiting if not self._hangs(each)]
        end = time.monotonic() + self._send_seconds
        for attempt in attempts:
            attempt.thread.join(max(0.0, end - time.monotonic()))
            if attempt.thread.is_alive():
                self._hanging[attempt.receiver.id] = attempt.thread
                attempt.error = f"It did not answer within {self._send_seconds:g} seconds."
            if attempt.error:
                failures[attempt.receiver.id] = attempt.error
                log.warning("notification failed: %s: %s", attempt.receiver.label, attempt.error)
            self._store.note(message, attempt.receiver.id, attempt.error, self._clock())
        is_complete = not failures and len(attempts) == len(waiting)
        pause = None if is_complete else dict(enumerate(PAUSES, 1)).get(message.attempts)
        if not is_complete and pause is None:
            log.warning("a notification was given up after %d attempts", message.attempts)
        now = self._clock()
        self._store.finish(message, now, again_at=None if pause is None else now + pause)

    def _hangs(self, receiver: Receives) -> bool:
        """Return whether an earlier message is still being sent: it is not sent another one."""
        thread = self._hanging.get(receiver.id)
        if thread is not None and not thread.is_alive():
            del self._hanging[receiver.id]
            thread = None
        return thread is not None

    # checks

    def check(self) -> str:
        """Return one line about the receivers. Nothing is sent.

        Raises ReceiverFailed where one has no usable URL or did not take its last message, and
        StoreFailed.
        """
        states = self._store.states()
        wrong, right = [], []
        for receiver in self._receivers:
            state = states.get(receiver.id)
            try:
                receiver.check()
            except ReceiverFailed as error:
                wrong.append(f"{receiver.label}: {error}")
                continue
            if state is not None and state.is_failing:
                wrong.append(f"{receiver.label} did not take the last message: {state.error}")
            else:
                used = "nothing sent yet" if state is None else "took the last message"
                right.append(f"{receiver.label}: {used}")
        if wrong:
            raise ReceiverFailed("; ".join(wrong))
        return "; ".join(right)


class _Attempt:
    """One message on its way to one receiver, in a thread that nothing waits for in the end."""

    def __init__(self, receiver: Receives, message: Message) -> None:
        self.receiver = receiver
        self.error = ""
        self._message = message
        self.thread = threading.Thread(target=self._run, name="notification", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.receiver.send(self._message.title, self._message.text)
        except ReceiverFailed as error:
            self.error = str(error)
        except Exception as error:  # noqa: BLE001 - its text may contain a URL
            self.error = f"It could not be sent ({type(error).__name__})."


def plain(text: str) -> str:
    """Return a text that no messenger takes for a mention, a link or markup."""
    return text.replace("@", "@\u200b").replace("<", "‹").replace(">", "›")
