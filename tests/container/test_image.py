"""The image is built, started with the environment of deploy/compose.yaml, and searched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
import yaml

from tests.cluster.programs import Redis
from tests.container.image import ROOT, USER, NoBase, built_image, missing
from tests.support.ports import free_port
from tests.support.processes import until
from tests.support.sample_files import fill, png

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.container.image import Image

PASSWORD = "correct horse battery"
COMPILERS = ("cc", "gcc", "c++", "g++", "clang", "cpp", "as", "ld", "make")

pytestmark = [
    pytest.mark.container,
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.timeout(3600),  # the packages are downloaded
]


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The image, built once: all of its checks are in one test, which one worker runs."""
    try:
        with built_image() as image:
            yield image
    except NoBase as error:
        pytest.skip(f"debootstrap cannot make a base: {error}")


def test_image_serves_a_folder(image: Image, tmp_path: Path) -> None:
    """An arbitrary user indexes, signs in and searches on a read-only root; SIGTERM stops it."""
    check_contents(image)
    data, assets, log = tmp_path / "data", tmp_path / "assets", tmp_path / "log"
    fill(
        assets,
        {
            "bee.png": png("gold"),
            "bee.json": json.dumps({"name": "Queen Bee", "tags": ["insect"]}).encode(),
            "sea.png": png("navy"),
        },
    )
    data.mkdir()
    os.chown(data, USER, USER)
    for path in (assets, *assets.iterdir()):
        path.chmod(0o755)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    with Redis(tmp_path) as redis:
        environment = {
            **compose["services"]["akin"]["environment"],
            "AKIN_HOSTS": "localhost",
            "AKIN_PROXIES": "",
            "AKIN_CACHE_URL": redis.patient_url,
            "AKIN_TIMEOUT": "60",
            "PORT": str(port),
        }

        def run(*command: str, text: str = "") -> tuple[int, str]:
            with image.start(
                command,
                data,
                assets,
                environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process:
                output, _ = process.communicate(text)
            return process.returncode, output

        kind, *health_check = image.config["Healthcheck"]["Test"]
        assert kind == "CMD"
        assert run(*health_check)[0] == 1
        entry_point = image.config["Entrypoint"]
        with (
            log.open("wb") as output,
            image.start(
                entry_point, data, assets, environment, stdout=output, stderr=output
            ) as server,
        ):
            until(lambda: responds(url), server, log.read_text)
            until(lambda: "watching" in log.read_text(), server, log.read_text)
            assert run(*health_check) == (0, "")
            status, message = run("python", "-m", "app", "user", "add", "ada", text=f"{PASSWORD}\n")
            assert status == 0, message
            status, message = run("python", "-m", "library", "index", "/assets")
            assert (status, message.count("2 unchanged")) == (0, 1), message

            with requests.Session() as browser:
                browser.trust_env = False
                response = browser.post(
                    f"{url}/sign-in",
                    data={"name": "ada", "password": PASSWORD, "next": "/?query=insect"},
                    headers={"Origin": url, "Sec-Fetch-Site": "same-origin"},
                    timeout=300,
                )
                assert response.status_code == 200, response.text
                assert "Queen Bee" in response.text
                by_meaning = browser.get(
                    f"{url}/search.json?query=ocean&querySemanticRatio=1", timeout=300
                )
                names = [hit["metadata"]["name"] for hit in by_meaning.json()["hits"]]
                assert names == ["sea", "Queen Bee"]
            assert redis.client().dbsize() > 0  # responses are cached there

            namespace = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
            os.kill(int(namespace), signal.SIGTERM)  # the container's first process
            server.wait(120)
        assert "Traceback" not in log.read_text()


def check_contents(image: Image) -> None:
    """Check that there is no compiler, and that the programs are compiled and readable."""
    programs = [image.mounted / folder / name for folder in ("usr/bin",) for name in COMPILERS]
    assert not [program for program in programs if os.path.lexists(program)]
    akin = image.mounted / "opt" / "akin"
    for package in ("app", "library", "scripts"):
        assert list((akin / package / "__pycache__").glob("__init__.*.pyc"))
    unreadable = [path for path in akin.rglob("*") if not path.lstat().st_mode & 0o004]
    assert unreadable == []
    assert {path.name for path in akin.iterdir()} == {
        *(".venv", ".venv.lock", "__pycache__", "app", "library", "requirements", "scripts"),
        *(
            "static",
            "templates",
            "config.py",
            "extras.py",
            "requirements.txt",
            "table_rows.py",
            "variables.py",
        ),
        "wsgi.py",
    }


def responds(url: str) -> bool:
    """Return whether Akin serves."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{url}/healthz", timeout=60):
            return True
    except OSError:
        return False
