"""`/healthz`, `/readyz`, `/metrics`, and the commands that keep Akin running."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from app.__main__ import main
from app.auth.passwords.user_store import UserStore
from app.auth.proxy_notices import ProxyNotices
from tests.faults import Upstream
from tests.support.ports import free_port
from tests.support.processes import until
from tests.support.scenario_api import FakeAPI, Reply, answer, make_app, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

ROOT = Path(__file__).parents[2]
CHECK = ("-m", "app", "check")
TOKEN = "token-of-the-metrics"


def test_alive(client: FlaskClient, api: FakeAPI) -> None:
    """The liveness probe sends no request to other servers."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert api.requests == []


def ready(client: FlaskClient) -> tuple[int, dict[str, bool]]:
    """The status, and what does its part."""
    answer = client.get("/readyz", headers={"Host": "10.0.0.3"})
    assert answer.json is not None
    assert answer.json["ready"] == (answer.status_code == 200)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, {name: each["ok"] for name, each in answer.json["checks"].items()}


def test_ready(client: FlaskClient, api: FakeAPI) -> None:
    """Each dependency is tried, without paying for a search, and not for every probe."""
    everything = dict.fromkeys(("api", "clock", "cache", "references", "store", "sign-in"), True)
    assert ready(client) == (200, everything)
    asked = len(api.requests)
    assert ready(client) == (200, everything)
    assert len(api.requests) == asked
    assert api.received() == []


def test_ready_without_the_api(client: FlaskClient, api: FakeAPI) -> None:
    """Old answers can be served without the API: a balancer should not take every host away."""
    api.always(refusal(503, "Down"), on="/v1/")
    status, found = ready(client)
    assert status == 200
    assert {name for name, ok in found.items() if not ok} == {"api"}
    answer = client.get("/readyz", headers={"Host": "10.0.0.3"})
    assert answer.json is not None
    assert answer.json["degraded"] == ["api"]
    assert answer.json["checks"]["api"]["since"].endswith("+00:00")
    assert "since" not in answer.json["checks"]["store"]


def test_not_ready_without_its_data_folder(api: FakeAPI, tmp_path: Path) -> None:
    """Without storage, uploads cannot be used as examples."""
    (tmp_path / "references").write_text("a file where a folder should be")
    status, found = ready(make_app(api, tmp_path).test_client())
    assert (status, found["references"]) == (503, False)


def test_clock_that_is_wrong(client: FlaskClient, api: FakeAPI) -> None:
    """A difference of an hour from the clock of the API is reported."""
    late = Reply(200, answer({"collections": []}).body, {"date": "Sun, 22 Nov 2020 08:00:00 GMT"})
    api.always(late, on="/v1/collections")
    assert ready(client)[1]["clock"] is False


def sample(text: str, name: str, **labels: str) -> float:
    """One number of an exposition."""
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            if each.name == name and each.labels == labels:
                return each.value
    return 0.0


def test_metrics(client: FlaskClient, api: FakeAPI) -> None:
    """Pages by kind and status, calls by outcome, where answers came from."""
    wanted = [
        ("akin_pages_total", {"page": "results.results", "status": "200"}),
        ("akin_pages_total", {"page": "unknown", "status": "404"}),
        ("akin_page_seconds_count", {"page": "results.results"}),
        ("akin_upstream_calls_total", {"outcome": "200"}),
        ("akin_upstream_calls_total", {"outcome": "503"}),
    ]

    def numbers() -> list[float]:
        text = client.get("/metrics").text
        return [sample(text, name, **labels) for name, labels in wanted]

    before = numbers()
    client.get("/?query=asset")
    client.get("/no-such-page")
    healthy = len(api.requests)
    api.always(refusal(503, "Down"))
    client.get("/?query=asset")
    after = numbers()
    rise = [b - a for a, b in zip(before, after, strict=True)]
    assert rise[:3] == [1, 1, 2]
    assert rise[3] >= healthy
    assert rise[4] >= 1


def test_metrics_contain_no_searches_or_names(client: FlaskClient) -> None:
    """No label contains a part of a search: no leak, and a bounded number of series."""
    client.get("/?query=my-secret-project")
    client.get("/assets/my-secret-asset")
    client.get("/my-secret-path")
    told = client.get("/metrics")
    assert (told.status_code, "akin_" in told.text, "my-secret" in told.text) == (200, True, False)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 404),
        ({"Authorization": "Bearer wrong-token-of-metrics"}, 404),
        ({"Authorization": "Bearer "}, 404),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
    ],
)
@pytest.mark.parametrize("auth", ["none", "password"])
def test_metrics_ask_for_the_token(
    tmp_path: Path, auth: str, given: dict[str, str], status: int
) -> None:
    """With a token, in every mode; without the token the response is 404."""
    client = make_app(FakeAPI(), tmp_path, auth=auth, metrics_token=TOKEN).test_client()
    assert client.get("/metrics", headers=given).status_code == status


def test_metrics_without_token(tmp_path: Path) -> None:
    """With sign-in and without a token they are not served."""
    client = make_app(FakeAPI(), tmp_path, auth="password").test_client()
    assert client.get("/metrics").status_code == 404


def test_commands_of_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Added with a password that is piped in, listed, removed; a short password is refused."""
    monkeypatch.setenv("AKIN_DATA", str(tmp_path))
    for password, status in (("short\n", 1), ("correct horse battery\n", 0)):
        monkeypatch.setattr("sys.stdin", io.StringIO(password))
        assert main(["user", "add", "ada"]) == status
    assert "10 to 1000 characters" in capsys.readouterr().err
    assert main(["user", "list"]) == 0
    assert capsys.readouterr().out == "ada\n"
    assert UserStore(tmp_path / "users.json").verify("ada", "correct horse battery")
    assert [main(["user", "remove", "ada"]), main(["user", "remove", "ada"])] == [0, 1]


def test_command_that_makes_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """Long enough for either setting, and another one each time."""
    main(["secret"])
    main(["secret"])
    first, second = capsys.readouterr().out.split()
    assert first != second
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", first)


def python(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Python in this repo, with these variables and none else of Akin's."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def environment(changes: dict[str, str]) -> dict[str, str]:
    """This process's, with these variables and none else of Akin's."""
    ours = ("AKIN_", "SCENARIO_", "PROMETHEUS_", "GRANIAN_")
    return {n: v for n, v in os.environ.items() if not n.startswith(ours)} | changes


def test_check_tells_every_mistake() -> None:
    """Settings first, all that is wrong with them at once, and no traceback."""
    done = python(*CHECK, AKIN_LISTEN="0.0.0.0", AKIN_TIMEOUT="soon", AKIN_COLOUR="red")  # noqa: S104 - refused
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "AKIN_TIMEOUT",
        "AKIN_COLOUR",
        "AKIN_LISTEN",
    ]


def test_check_tries_everything(tmp_path: Path) -> None:
    """A line a dependency, and what to do about the one that fails; no secret in any."""
    ignored = "Ignored headers of 10.9.8.7"
    ProxyNotices(tmp_path).note("AKIN_PROXIES", "10.9.8.7", ignored)  # by a server
    done = python(
        *CHECK,
        AKIN_DATA=str(tmp_path),
        SCENARIO_SDK_API_KEY="key-of-the-tests",
        SCENARIO_SDK_API_SECRET="secret-of-the-tests",
        SCENARIO_BASE_URL="http://127.0.0.1:1/v1",
        AKIN_TIMEOUT="0.5",
        AKIN_AUTH="password",
    )
    assert done.returncode == 1
    lines = dict(line[6:].split(": ", 1) for line in done.stdout.splitlines())
    wrong = {line[6:].split(":")[0] for line in done.stdout.splitlines() if line[:5] == "WRONG"}
    assert wrong == {"api", "clock", "sign-in"}
    assert f"note  proxies: {ignored}" in done.stdout.splitlines()
    assert "The library cannot be reached" in lines["api"]
    assert "http://127.0.0.1:1/v1; check SCENARIO_BASE_URL" in lines["api"]
    assert lines["clock"] == "not compared: the API does not respond"
    assert "python -m app user add" in lines["sign-in"]
    assert lines["references"] == "can be written and read"
    assert "secret-of-the-tests" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (("-m", "app", "serve"), {"AKIN_LISTEN": "0.0.0.0"}),  # noqa: S104 - refused
        (("-m", "app", "serve"), {"AKIN_LISTEN": "::"}),
        (("-c", "import wsgi"), {"AKIN_LISTEN": "192.0.2.1"}),
        (("-c", "import wsgi"), {"GRANIAN_HOST": "0.0.0.0"}),  # noqa: S104 - refused
    ],
)
def test_open_to_all_does_not_start(arguments: tuple[str, ...], environ: dict[str, str]) -> None:
    """Beyond loopback Akin starts with a sign-in alone, and says what to set."""
    done = python(*arguments, **environ)
    assert done.returncode == 1
    assert "Set AKIN_AUTH to password, oidc or proxy" in done.stderr
    assert "Traceback" not in done.stderr


def test_sessions_without_a_key(tmp_path: Path) -> None:
    """Without a key, and without a place to store one, the start logs a warning."""
    (tmp_path / "file").write_text("")
    data = str(tmp_path / "file" / "data")
    done = python("-m", "app", "serve", AKIN_AUTH="password", AKIN_DATA=data)
    assert done.returncode == 1
    assert done.stderr.startswith("AKIN_SECRET_KEYS is missing, and no key can be stored")


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of `python -m app serve` with two workers, and where its log is."""
    port, log = free_port(), tmp_path / "log"
    with Upstream(count=50) as upstream, log.open("wb") as written:
        variables = {
            "AKIN_DATA": str(tmp_path / "data"),
            "AKIN_METRICS_TOKEN": TOKEN,
            "AKIN_TIMEOUT": "60",
            "AKIN_WORKERS": "2",
            "PORT": str(port),
            "SCENARIO_SDK_API_KEY": "key-of-the-tests",
            "SCENARIO_SDK_API_SECRET": "secret-of-the-tests",
            "SCENARIO_BASE_URL": upstream.url,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve"],
            cwd=ROOT,
            env=environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
        try:
            until(partial(is_ready, f"http://127.0.0.1:{port}/healthz"), process, log.read_text)
            yield f"http://127.0.0.1:{port}", log
        finally:
            process.terminate()
            try:
                process.wait(120)
            finally:
                with suppress(ProcessLookupError):  # workers that it has left behind
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def is_ready(url: str) -> bool:
    """Return whether the health check succeeds."""
    try:
        return requests.get(url, timeout=60).ok
    except requests.RequestException:
        return False


def test_several_workers(serving: tuple[str, Path]) -> None:
    """Each worker returns the counts of all workers, and each request is logged once."""
    url, log = serving
    for number in range(12):
        # Each on a new connection, so that all workers serve some.
        assert requests.get(f"{url}/?query=asset{number}", timeout=120).ok
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    told = [requests.get(f"{url}/metrics", headers=bearer, timeout=120).text for _ in range(6)]
    counts = {
        sample(text, "akin_pages_total", page="results.results", status="200") for text in told
    }
    assert counts == {12.0}
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    searches = [line["search"] for line in lines if line.get("page") == "results.results"]
    assert sorted(searches) == sorted(f"asset{number}" for number in range(12))
    assert "secret-of-the-tests" not in log.read_text()
