"""A change whose process is killed: another one continues it, and its undo is complete."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app import create_app
from app.query.edits import Action, Edit
from app.records.change_tables import State
from app.web.context import services_of
from config import Settings
from tests.faults.server import Upstream
from tests.faults.synthetic import asset_id
from tests.support.processes import until

if TYPE_CHECKING:
    from app.web.context import Services

ROOT = Path(__file__).parents[4]
COUNT = 150
TAG = "killed"
CODE = """
import sys, time
from pathlib import Path
from app import create_app
from app.query.edits import Action, Edit
from app.web.context import services_of
from config import Settings

base_url, data, store_url, tag, *ids = sys.argv[1:]
settings = Settings(
    base_url=base_url, data=Path(data), store_url=store_url, api_key="k", api_secret="s"
)
services = services_of(create_app(settings))
services.editor.apply("Ada", [Edit(Action.TAG, tag)], ids)
time.sleep(600)
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_another_process_continues(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store_url = "" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    ids = [asset_id(number) for number in range(COUNT)]
    with Upstream(count=COUNT) as api:

        def services(ahead: float = 0) -> Services:
            settings = Settings(
                base_url=api.url,
                data=tmp_path,
                store_url=store_url,
                api_key="k",
                api_secret="s",
                timeout=120,
            )
            made = services_of(create_app(settings, clock=lambda: time.time() + ahead))
            made.worker.close()  # the test makes the changes itself
            return made

        def tagged(of: Services) -> set[str]:
            found = of.client.latest_assets(ids)
            return {each for each in ids if TAG in found[each].tags}

        def tag_calls() -> int:
            return sum(each.method == "PUT" for each in api.requests)

        first = services()
        first.editor.apply("Bob", [Edit(Action.TAG, TAG)], ids[:5])
        before = tag_calls()
        process = subprocess.Popen(
            [sys.executable, "-c", CODE, api.url, str(tmp_path), store_url, TAG, *ids], cwd=ROOT
        )
        until(lambda: tag_calls() > before + 20, process)
        process.kill()
        process.wait()
        assert 20 < len(tagged(first)) < COUNT
        [change] = [each for each in first.editor.recent(most=9) if each.user_name == "Ada"]
        assert change.state is State.OPEN
        assert not first.editor.work()  # the lease of the process that was killed
        first.close()

        later = services(ahead=3600)
        while later.editor.work():
            pass
        change = later.editor.change(change.id)
        assert (change.state, change.done, change.failed) == (State.DONE, COUNT, 0)
        assert change.changed == COUNT - 5
        assert tagged(later) == {*ids}

        later.editor.undo("Ada", change.id)
        while later.editor.work():
            pass
        assert tagged(later) == {*ids[:5]}
        later.close()
