"""The library in the same process, by wsgi.py: requests are logged, its key is never shown."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.support import sample_documents

ROOT = Path(__file__).parents[2]

# Asks for everything and says what came: bodies on standard output, the log on standard error.
ASKING = """
import json, logging, sys
from base64 import b64encode
from app.web.context import services_of
from wsgi import application
given = json.load(sys.stdin)
pair = given["pair"]
basic = {"Authorization": "Basic " + b64encode(":".join(pair).encode()).decode()}
client = application.test_client()
shown = {}
for path in given["paths"]:
    for name, headers in (("", {}), ("with key, ", basic)):
        answer = client.get(path, headers=headers)
        text = answer.get_data().decode("utf-8", "replace")
        shown[name + path] = [answer.status_code, text, repr(answer.headers)]
for secret in given["secrets"]:
    logging.getLogger("some.library").error("failed with %s in its hand", secret)
logging.getLogger("some.library").error("%s", basic)
shown["repr"] = [0, repr(application.config | {"SECRET_KEY": None, "SECRET_KEY_FALLBACKS": None}),
                 repr(services_of(application).settings)]
json.dump(shown, sys.stdout)
"""
PATHS = (
    "/",
    "/search.json?query=castle",
    "/search.json?page=x",
    "/code?query=castle",
    "/assets/nothing",
    "/readyz",
    "/metrics",
    "/library/v1/tags",
    "/library/v1/nothing",
    "/library/assets/nothing?Signature=of-somebody",
    "/metrics?again",
)


class Output:
    """Output of a process: responses by path, lines of the log, and its secrets."""

    def __init__(self, data: Path, **settings: str) -> None:
        """Start the process on `data`, send the requests, and stop it."""
        home = data / "libraries" / "demo"
        found = json.loads((home / "key.json").read_text())
        self.pair = [found["key"], found["secret"]]
        key = data / "secret-key"
        self.secrets = [*self.pair, *([key.read_text().strip()] if key.exists() else [])]
        given = {"pair": self.pair, "paths": PATHS, "secrets": self.secrets}
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
        environment = {**kept, "AKIN_DATA": str(data), "AKIN_LOG": "json"}
        environment |= {"AKIN_TIMEOUT": "60", **settings}
        done = subprocess.run(
            [sys.executable, "-c", ASKING],
            cwd=ROOT,
            env=environment,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self.written = done.stderr
        self.answers: dict[str, list[Any]] = json.loads(done.stdout)

    @property
    def spellings(self) -> list[str]:
        """Every secret in every form in which it travels."""
        basic = b64encode(":".join(self.pair).encode()).decode()
        return [*self.secrets, basic, *(b64encode(s.encode()).decode() for s in self.secrets)]

    def lines(self, page: str) -> list[dict[str, Any]]:
        """The requests in its log with that name."""
        read = [json.loads(line) for line in self.written.splitlines()]
        return [line for line in read if line.get("page") == page]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a library of a few pictures, as the demo's."""
    made = tmp_path_factory.mktemp("data")
    home = made / "libraries" / "demo"
    shades = sample_documents.shades("red", 3)
    items = [(sample_documents.document(f"castle {n}"), shade) for n, shade in enumerate(shades)]
    sample_documents.library(home, items).close()
    (home / "key.json").write_text(
        json.dumps({"key": "api_key-of-the-tests", "secret": "secret-of-this-library"})
    )
    return made


@pytest.fixture(scope="module")
def told(data: Path) -> Output:
    """Output of an Akin that serves only this machine."""
    return Output(data)


def test_requests_of_the_library_are_logged(told: Output) -> None:
    """Each has a log line with the path, the status and the id that is also in the response."""
    found = [(line["path"], line["status"]) for line in told.lines("library")]
    assert found == [
        ("/v1/tags", 401),
        ("/v1/tags", 200),
        ("/v1/nothing", 404),
        ("/v1/nothing", 404),
        ("/assets/nothing", 403),
        ("/assets/nothing", 403),
    ]
    assert "of-somebody" not in told.written
    first = told.lines("library")[0]
    assert f"'X-Request-ID', '{first['id']}'" in told.answers["/library/v1/tags"][2]


def test_requests_of_the_library_are_counted(told: Output) -> None:
    """By status, beside the pages, each once."""
    _, text, _ = told.answers["/metrics?again"]
    counted = {
        line.partition(" ")[0].partition('status="')[2][:3]: float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith('akin_pages_total{page="library"')
    }
    assert counted == {"200": 1.0, "401": 1.0, "404": 2.0, "403": 2.0}
    assert 'akin_page_seconds_count{page="library"} 6.0' in text


def test_the_librarys_own_key_is_nowhere(told: Output) -> None:
    """The key was generated and is in no variable; it gives access to the whole library."""
    assert told.written.count("failed with [secret] in its hand") == len(told.secrets) == 2
    for spelling in told.spellings:
        assert spelling not in told.written
        assert [path for path, said in told.answers.items() if spelling in repr(said)] == []


def test_the_key_of_the_sessions_is_nowhere(data: Path, tmp_path: Path) -> None:
    """Nor the generated one, if sign-in is on; requests without sign-in are logged too."""
    own = shutil.copytree(data, tmp_path / "own")
    (own / "secret-key").write_text("key-of-the-sessions-that-was-made-here-0123\n")
    told = Output(own, AKIN_AUTH="password")
    assert len(told.secrets) == 3
    assert told.written.count("failed with [secret] in its hand") == 3
    for spelling in told.spellings:
        assert spelling not in told.written
        assert [path for path, said in told.answers.items() if spelling in repr(said)] == []
    statuses = {(line["path"], line["status"]) for line in told.lines("library")}
    assert statuses == {
        ("/v1/tags", 303),
        ("/v1/tags", 200),
        ("/v1/nothing", 303),
        ("/v1/nothing", 404),
        ("/assets/nothing", 303),
    }


def test_a_library_that_is_not_there(tmp_path: Path) -> None:
    """One clear line, and how to make it."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
    done = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=ROOT,
        env={**kept, "AKIN_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first == "Akin cannot start:"
    assert second.startswith("AKIN_DATA: its library cannot be opened: There is no library in ")


def test_check_reports_how_foreign_files_are_read(data: Path) -> None:
    """One line for each protection, whether it holds on this machine or not."""
    from library.formats.isolation.sandbox import PROTECTIONS

    kept = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
    done = subprocess.run(
        [sys.executable, "-m", "app", "check"],
        cwd=ROOT,
        env={**kept, "AKIN_DATA": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line[6:] for line in done.stdout.splitlines() if "foreign files" in line]
    assert [line.removesuffix(" (not on this machine)") for line in lines] == [
        f"reading foreign files: {name}" for name in PROTECTIONS
    ]
