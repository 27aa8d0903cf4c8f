"""Warm-up: what the first pages need is prepared once, in the background."""

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

from app.web.templating import PageEnvironment
from app.web.warmup import Warmup, warmup_of
from tests.support.scenario_api import FakeAPI, make_app, refusal

if TYPE_CHECKING:
    from jinja2 import Environment

ROOT = Path(__file__).parents[3]

# Forks during a step; the new process checks that the step has been completed.
FORKING = """
import os, threading
from app.web.warmup import Warmup
lock, done, begun = threading.Lock(), [], threading.Event()
def step():
    with lock:
        begun.set()
        threading.Event().wait(0.2)
        done.append("ready")
Warmup({"a step": step}).begin()
begun.wait(300)
child = os.fork()
if child == 0:
    os._exit(0 if done == ["ready"] and lock.acquire(timeout=60) else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


class Slow(DictLoader):
    """Templates that are read slowly, so that several threads need one; records what was read."""

    def __init__(self, **texts: str) -> None:
        super().__init__(texts)
        self.read: list[str] = []

    def get_source(self, environment: Environment, template: str) -> Any:
        self.read.append(template)
        threading.Event().wait(0.1)
        return super().get_source(environment, template)


def test_a_failed_step_is_logged_and_the_next_one_runs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Steps run in their order, each once."""
    taken: list[str] = []

    def fails() -> None:
        taken.append("first")
        raise OSError("the disk is gone")

    with caplog.at_level(logging.ERROR):
        warmup = Warmup({"first": fails, "second": lambda: taken.append("second")})
        warmup.begin()
        warmup.finish()
    assert taken == ["first", "second"]
    assert [record.getMessage() for record in caplog.records] == ["warm-up failed: first"]
    assert "the disk is gone" in caplog.text


def test_a_process_is_forked_after_the_last_step() -> None:
    """Else a lock of the warm-up thread would never be released in the new process."""
    done = subprocess.run(
        [sys.executable, "-c", FORKING], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "0", done.stderr


def test_a_template_is_compiled_once_for_all_threads() -> None:
    """The other threads wait for it, and for no other template."""
    loader = Slow(one="1", other="2")
    environment = PageEnvironment(Flask("app"), loader=loader, auto_reload=False)
    with ThreadPoolExecutor(8) as pool:
        names = ["one", "other"] * 4
        templates = list(pool.map(environment.get_template, names))
    assert sorted(loader.read) == ["one", "other"]
    assert {"1", "2"} == {template.render() for template in templates}
    assert len({id(template) for template in templates}) == 2


def test_templates_are_read_again_in_development() -> None:
    """With auto_reload, a change of a template is visible at once."""
    loader = Slow(one="before")
    environment = PageEnvironment(Flask("app"), loader=loader, auto_reload=True)
    before = environment.get_template("one").render()
    loader.mapping = {"one": "after"}
    assert [before, environment.get_template("one").render()] == ["before", "after"]


def test_the_scenario_api_is_sent_nothing(tmp_path: Path) -> None:
    """Each call counts against its quota."""
    api = FakeAPI()
    app = make_app(api, tmp_path)
    warmup = warmup_of(app)
    warmup.begin()
    warmup.finish()
    assert api.requests == []
    names = set(app.jinja_env.list_templates())
    assert names == set(app.jinja_env._compiled)  # type: ignore[attr-defined]


def test_the_first_page_of_the_library_is_cached(tmp_path: Path) -> None:
    """The first visitor sends no further search."""
    api = FakeAPI()
    app = make_app(api, tmp_path, by_library=True, cache_seconds=60)
    warmup = warmup_of(app)
    warmup.begin()
    warmup.finish()
    assert len(api.received()) == 1
    assert app.test_client().get("/").status_code == 200
    assert len(api.received()) == 1


def test_a_library_that_fails_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The application starts all the same."""
    api = FakeAPI()
    api.always(refusal(500, "out of order"))
    app = make_app(api, tmp_path, by_library=True)
    warmup = warmup_of(app)
    warmup.begin()
    warmup.finish()
    messages = [record.getMessage() for record in caplog.records if record.name == "app.web.warmup"]
    assert messages == ["warm-up failed: the library"]
    assert app.test_client().get("/healthz").status_code == 200
