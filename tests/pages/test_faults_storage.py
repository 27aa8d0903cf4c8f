"""A cache that is down, slow, full or holds garbage; a data folder that is read-only or full.

Each page is whole all the same. Redis is the real one where Debian's package is installed.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from PIL import Image
from redis.exceptions import OutOfMemoryError

from app import create_app
from app.storage.cache import open_cache_store
from app.web.context import services_of
from config import Settings
from tests.cluster.programs import Redis
from tests.faults import Upstream
from tests.support.ports import free_port
from tests.support.time_limits import PATIENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


NO_REDIS = "redis-server is not installed"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A healthy API with 60 assets."""
    with Upstream(count=60) as server:
        yield server


@pytest.fixture
def make(upstream: Upstream, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Makes an application with these settings."""
    apps: list[Flask] = []

    def made(**changes: Any) -> Flask:
        settings = Settings(
            **{
                "base_url": upstream.url,
                "api_key": "key",
                "api_secret": "secret",
                "data": tmp_path / "data",
                "timeout": 60.0,
            }
            | changes
        )
        cache = open_cache_store(Flask(__name__), settings.cache_url, lock_seconds=60.0)
        apps.append(create_app(settings, cache=cache, limits=PATIENT))
        return apps[-1]

    yield made
    upstream.close()  # background requests would log in another test
    for app in apps:
        services_of(app).close()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of one megabyte that evicts nothing."""
    if shutil.which("redis-server") is None:
        if os.environ.get("CI"):
            pytest.fail(NO_REDIS)
        pytest.skip(NO_REDIS)
    with Redis(tmp_path, "--maxmemory", "2mb", "--maxmemory-policy", "noeviction") as server:
        yield server


def cards(app: Flask, path: str = "/") -> int:
    """How many pictures a page shows that is answered with 200."""
    answer = app.test_client().get(path)
    assert answer.status_code == 200
    return len(BeautifulSoup(answer.text, "html.parser").select(".grid article.card"))


def picture() -> dict[str, Any]:
    """The form of an upload."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    return {"image": (io.BytesIO(file.getvalue()), "teal.png"), "side": "like"}


# --- Redis -----------------------------------------------------------------------------------


def test_workers_share_answers_in_redis(
    make: Callable[..., Flask], redis: Redis, upstream: Upstream
) -> None:
    assert [cards(make(cache_url=redis.patient_url)) for _ in range(3)] == [48] * 3
    assert len(upstream.received()) == 1


def test_installations_with_other_keys_share_nothing_in_redis(
    make: Callable[..., Flask], redis: Redis, upstream: Upstream
) -> None:
    keys = ("first", "second", "first")
    apps = [make(cache_url=redis.patient_url, api_key=key) for key in keys]
    assert [cards(app) for app in apps] == [48] * 3
    assert len(upstream.received()) == 2


def test_workers_ask_for_the_same_once_between_them(
    make: Callable[..., Flask], redis: Redis, upstream: Upstream
) -> None:
    upstream.delay = 0.3
    upstream.next("slow-first-byte")
    apps = [make(cache_url=redis.patient_url) for _ in range(4)]
    shown: list[int] = []
    threads = [threading.Thread(target=lambda app=app: shown.append(cards(app))) for app in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (shown, len(upstream.received())) == ([48] * 4, 1)


def test_workers_share_the_ceiling_in_redis(
    make: Callable[..., Flask], redis: Redis, upstream: Upstream
) -> None:
    apps = [make(cache_url=redis.patient_url, calls_per_minute=8) for _ in range(3)]
    for page in range(2, 14):
        apps[page % 3].test_client().get(f"/?page={page}")
    assert len(upstream.requests) <= 8 * 2  # two minutes at most, if one ends meanwhile


def test_workers_of_one_machine_share_the_ceiling_in_a_file(
    make: Callable[..., Flask], upstream: Upstream
) -> None:
    apps = [make(calls_per_minute=8) for _ in range(3)]
    for page in range(2, 14):
        apps[page % 3].test_client().get(f"/?page={page}")
    assert len(upstream.requests) <= 8 * 2


def test_a_redis_that_is_down_does_not_stop_a_page(
    make: Callable[..., Flask], upstream: Upstream
) -> None:
    app = make(cache_url=f"redis://127.0.0.1:{free_port()}/0", calls_per_minute=100)
    assert [cards(app), cards(app)] == [48, 48]
    assert len(upstream.received()) == 1  # cached in this process


def test_a_redis_that_goes_and_comes_back_is_used_again(
    make: Callable[..., Flask], redis: Redis, upstream: Upstream
) -> None:
    app = make(cache_url=redis.patient_url)
    cards(app)
    redis.stop()
    assert cards(app, "/?page=2") == 12
    redis.start()
    shelf = services_of(app).responses._store
    shelf._breaker.succeeded()  # as its next trial would find
    cards(app, "/?hitsPerPage=24")
    assert cards(make(cache_url=redis.patient_url), "/?hitsPerPage=24") == 24
    searches = [request.json.get("hitsPerPage") for request in upstream.received()]
    assert searches.count(24) == 1


def test_a_redis_that_is_full_does_not_stop_a_page(
    make: Callable[..., Flask], redis: Redis
) -> None:
    client = redis.client()

    def fill() -> None:
        for number in range(100):
            client.set(f"ballast {number}", b"x" * 100_000)

    with pytest.raises(OutOfMemoryError):
        fill()
    app = make(cache_url=redis.patient_url)
    assert [cards(app, f"/?hitsPerPage={n}") for n in (3, 4, 5)] == [3, 4, 5]


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"!\x80\x04K\x01.", b"akin3" + b"\0" * 80])
def test_garbage_in_redis_is_fetched_again(
    make: Callable[..., Flask], redis: Redis, upstream: Upstream, garbage: bytes
) -> None:
    cards(make(cache_url=redis.patient_url))
    client = redis.client()
    for key in client.scan_iter("akin:*"):
        client.set(key, garbage)
    assert cards(make(cache_url=redis.patient_url)) == 48
    assert len(upstream.received()) == 2


def test_keys_of_another_type_in_redis_do_not_stop_a_page(
    make: Callable[..., Flask], redis: Redis
) -> None:
    cards(make(cache_url=redis.patient_url))
    client = redis.client()
    for key in list(client.scan_iter("akin:*")):
        client.delete(key)
        client.lpush(key, "garbage")
    assert cards(make(cache_url=redis.patient_url)) == 48


def test_nothing_from_a_cache_is_ever_unpickled(
    make: Callable[..., Flask], redis: Redis, tmp_path: Path
) -> None:
    import pickle

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (os.mkdir, (str(tmp_path / "exploded"),))

    cards(make(cache_url=redis.patient_url))
    client = redis.client()
    for key in client.scan_iter("akin:*"):
        client.set(key, b"!" + pickle.dumps(Bomb()))
    assert cards(make(cache_url=redis.patient_url)) == 48
    assert not (tmp_path / "exploded").exists()


@pytest.fixture
def silence() -> Iterator[int]:
    """The port of a server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in taken:
            connection.close()


def test_a_redis_that_never_answers_does_not_stop_a_page(
    make: Callable[..., Flask], silence: int
) -> None:
    app = make(cache_url=f"redis://127.0.0.1:{silence}/0?socket_timeout=0.3", calls_per_minute=100)
    assert [cards(app, f"/?hitsPerPage={n}") for n in (3, 4, 5)] == [3, 4, 5]


# --- files -----------------------------------------------------------------------------------


def test_answers_in_files_are_shared(
    make: Callable[..., Flask], tmp_path: Path, upstream: Upstream
) -> None:
    url = f"file://{tmp_path}/cache"
    assert [cards(make(cache_url=url)) for _ in range(2)] == [48, 48]
    assert len(upstream.received()) == 1


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"x",
        b"\0\0\0\0",
        b"\0\0\0\0garbage",
        b"\0\0\0\0=garbage",
        b"\0\0\0\0" + b"7" * 5000,
        bytes(range(256)) * 20,
    ],
)
def test_garbage_in_files_is_fetched_again(
    make: Callable[..., Flask], tmp_path: Path, upstream: Upstream, garbage: bytes
) -> None:
    url = f"file://{tmp_path}/cache"
    cards(make(cache_url=url))
    kept = list((tmp_path / "cache").iterdir())
    for path in kept:
        path.write_bytes(garbage)
    assert cards(make(cache_url=url)) == 48
    assert (kept != [], len(upstream.received())) == (True, 2)


def test_a_cache_folder_that_cannot_be_made_leaves_memory(
    make: Callable[..., Flask], tmp_path: Path, upstream: Upstream
) -> None:
    (tmp_path / "file").write_bytes(b"")
    app = make(cache_url=f"file://{tmp_path}/file/cache")
    assert [cards(app), cards(app)] == [48, 48]
    assert len(upstream.received()) == 1


def test_a_cache_folder_that_vanishes_does_not_stop_a_page(
    make: Callable[..., Flask], tmp_path: Path
) -> None:
    app = make(cache_url=f"file://{tmp_path}/cache")
    cards(app)
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_bytes(b"")
    assert cards(app, "/?page=2") == 12


# --- the data folder -------------------------------------------------------------------------


def test_a_data_folder_that_cannot_be_written_stops_uploads_alone(
    make: Callable[..., Flask], tmp_path: Path
) -> None:
    (tmp_path / "data").write_bytes(b"")  # root may write anywhere but below a file
    app = make(calls_per_minute=100)
    assert cards(app) == 48
    answer = app.test_client().post("/references", data=picture())
    soup = BeautifulSoup(answer.text, "html.parser")
    assert (answer.status_code, soup.select_one("[data-error]")["data-error"]) == (
        503,
        "STORAGE_FAILED",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_disk_that_is_full_stops_uploads_alone(
    make: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    app = make()

    def on_a_full_disk(**_: Any) -> tuple[int, str]:
        handle, name = real(prefix="full")
        os.close(handle)
        return os.open("/dev/full", os.O_WRONLY), name

    real = tempfile.mkstemp
    monkeypatch.setattr(tempfile, "mkstemp", on_a_full_disk)
    answer = app.test_client().post("/references", data=picture())
    monkeypatch.undo()
    assert answer.status_code == 503
    assert cards(app) == 48


def test_an_unreadable_reference_is_omitted_and_reported(
    make: Callable[..., Flask], tmp_path: Path
) -> None:
    app = make()
    place = app.test_client().post("/references", data=picture()).headers["Location"]
    (kept,) = (path for path in (tmp_path / "data" / "references").rglob("ref_*"))
    kept.unlink()
    kept.mkdir()
    answer = app.test_client().get(place)
    soup = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 200
    assert "It was left out." in soup.select_one(".notices").text
