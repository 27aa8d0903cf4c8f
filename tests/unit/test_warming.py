"""A process makes ready what its first pages need: once, beside them, and at nobody's expense."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from jinja2 import DictLoader

from app import warming
from app.templating import PageEnvironment
from app.warming import Warming
from tests.pages.wire import Wire, make_app, refusal

if TYPE_CHECKING:
    from jinja2 import Environment

ROOT = Path(__file__).parents[2]

# Forks while a step is going on, and says what the new process finds.
FORKING = """
import os, threading
from app.warming import Warming
lock, made, begun = threading.Lock(), [], threading.Event()
def step():
    with lock:
        begun.set()
        threading.Event().wait(0.2)
        made.append("ready")
Warming({"a step": step}).begin()
begun.wait(300)
child = os.fork()
if child == 0:
    os._exit(0 if made == ["ready"] and lock.acquire(timeout=60) else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


class Slow(DictLoader):
    """Templates whose text comes late enough for others to ask as well; keeps what was read."""

    def __init__(self, **texts: str) -> None:
        super().__init__(texts)
        self.read: list[str] = []

    def get_source(self, environment: Environment, template: str) -> Any:
        self.read.append(template)
        threading.Event().wait(0.1)
        return super().get_source(environment, template)


def test_a_step_that_fails_is_told_and_the_next_is_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Steps are taken in their order, each once."""
    taken: list[str] = []

    def fails() -> None:
        taken.append("first")
        raise OSError("the disk is gone")

    with caplog.at_level(logging.ERROR):
        made = Warming({"first": fails, "second": lambda: taken.append("second")})
        made.begin()
        made.finish()
    assert taken == ["first", "second"]
    assert [record.getMessage() for record in caplog.records] == ["not ready beforehand: first"]
    assert "the disk is gone" in caplog.text


def test_a_process_is_forked_when_the_steps_are_taken() -> None:
    """A lock that is held by a thread which the new process does not have stays shut for ever."""
    done = subprocess.run(
        [sys.executable, "-c", FORKING], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "0", done.stderr


def test_a_template_is_compiled_once_however_many_ask() -> None:
    """Who comes meanwhile waits for it, and for no other."""
    loader = Slow(one="1", other="2")
    environment = PageEnvironment(Flask("app"), loader=loader, auto_reload=False)
    with ThreadPoolExecutor(8) as pool:
        names = ["one", "other"] * 4
        found = list(pool.map(environment.get_template, names))
    assert sorted(loader.read) == ["one", "other"]
    assert {"1", "2"} == {template.render() for template in found}
    assert len({id(template) for template in found}) == 2


def test_templates_that_are_being_written_are_read_anew() -> None:
    """A developer's change is seen: nothing is kept where Jinja is told to look again."""
    loader = Slow(one="before")
    environment = PageEnvironment(Flask("app"), loader=loader, auto_reload=True)
    before = environment.get_template("one").render()
    loader.mapping = {"one": "after"}
    assert [before, environment.get_template("one").render()] == ["before", "after"]


def test_an_api_with_a_key_is_asked_nothing(tmp_path: Path) -> None:
    """Each call counts against its quota, whoever needed it."""
    wire = Wire()
    app = make_app(wire, tmp_path)
    made = warming.of(app)
    made.begin()
    made.finish()
    assert wire.requests == []
    names = set(app.jinja_env.list_templates())
    assert names == set(app.jinja_env._compiled)  # type: ignore[attr-defined]


def test_the_library_finds_its_first_page(tmp_path: Path) -> None:
    """The first visitor finds the answers there."""
    wire = Wire()
    app = make_app(wire, tmp_path, by_library=True, cache_seconds=60)
    made = warming.of(app)
    made.begin()
    made.finish()
    assert len(wire.asked()) == 1
    assert app.test_client().get("/").status_code == 200
    assert len(wire.asked()) == 1


def test_a_library_that_cannot_answer_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And its pages say so themselves, as ever."""
    wire = Wire()
    wire.always(refusal(500, "out of order"))
    app = make_app(wire, tmp_path, by_library=True)
    made = warming.of(app)
    made.begin()
    made.finish()
    told = [record.getMessage() for record in caplog.records if record.name == "app.warming"]
    assert told == ["not ready beforehand: the library"]
    assert app.test_client().get("/healthz").status_code == 200
