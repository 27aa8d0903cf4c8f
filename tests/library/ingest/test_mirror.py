"""Mirroring: our own library, served on the loopback address, copied through its API."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from library import create_library
from library.__main__ import main
from library.home import KeyPair
from library.ingest.mirror import Access, Mirror, MirrorError
from tests.support import sample_files
from tests.support.indexing import IndexedFolder, RecordedProgress

PAIR = KeyPair("api_test", "secret")


class Origin:
    """A library served over HTTP, with faults that a test switches on."""

    def __init__(self, home: Path) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.fault: Callable[[str], tuple[int, dict[str, str]] | None] = lambda _path: None
        application = create_library(home, key_pair=PAIR)

        def faulty(environ: dict[str, Any], start: Any) -> Any:
            self.asked.append((environ["PATH_INFO"], environ.get("HTTP_AUTHORIZATION")))
            if (fault := self.fault(environ["PATH_INFO"])) is not None:
                start(f"{fault[0]} Fault", [("Content-Length", "4"), *fault[1].items()])
                return [b"busy"]
            return application(environ, start)

        self._server = make_server("127.0.0.1", 0, faulty, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.access = Access(
            f"http://127.0.0.1:{self._server.server_port}/v1", PAIR.key, PAIR.secret
        )

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def original(tmp_path: Path) -> Path:
    folder = sample_files.fill(
        tmp_path / "art",
        {
            "towers/castle.png": sample_files.png(),
            "towers/castle.json": json.dumps({"tags": ["keep"], "prompt": "a keep"}).encode(),
            "boats/tug.jpg": sample_files.encoded(sample_files.picture("navy"), "JPEG"),
            "horn.wav": sample_files.sound(),
        },
    )
    main(["index", str(folder), "--home", str(tmp_path / "home"), "--quiet"])
    return tmp_path / "home"


@pytest.fixture
def origin(original: Path) -> Iterator[Origin]:
    served = Origin(original)
    yield served
    served.stop()


def _mirror(origin: Origin, folder: Path, waited: list[float] | None = None) -> int:
    waits = [] if waited is None else waited
    return Mirror(origin.access, folder, RecordedProgress(), rate=1e6, sleep=waits.append).run()


def _known(home: Path) -> dict[str, tuple[Any, ...]]:
    found = IndexedFolder(home, home, None).documents().values()  # type: ignore[arg-type]
    return {d.id: (d.name, d.kind, d.prompt, set(d.tags), d.source.sha256) for d in found}


def test_a_mirrored_library_has_the_same_assets_under_the_same_ids(
    origin: Origin, original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENARIO_BASE_URL", origin.access.base_url)
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", PAIR.key)
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", PAIR.secret)
    copy, home = tmp_path / "copy", tmp_path / "home2"
    assert main(["mirror", str(copy), "--home", str(home), "--quiet", "--rate", "1000"]) == 0
    before, after = _known(original), _known(home)
    assert after.keys() == before.keys()
    for asset_id, (name, kind, prompt, tags, sha256) in before.items():
        assert after[asset_id][:3] == (name, kind, prompt)
        assert tags <= after[asset_id][3]
        assert after[asset_id][4] == sha256
    assert sorted(path.name for path in copy.iterdir() if path.is_dir()) == [
        "assets", "boats", "towers",
    ]  # fmt: skip


def test_the_key_goes_to_the_api_alone(origin: Origin, tmp_path: Path) -> None:
    _mirror(origin, tmp_path / "copy")
    told = {path.startswith("/v1/"): auth is not None for path, auth in origin.asked}
    assert told == {True: True, False: False}


def test_a_second_run_fetches_nothing_again(origin: Origin, tmp_path: Path) -> None:
    assert _mirror(origin, tmp_path / "copy") == 3
    origin.asked.clear()
    assert _mirror(origin, tmp_path / "copy") == 0
    assert not [path for path, _ in origin.asked if path.startswith("/assets/")]


def test_the_retry_after_of_a_busy_server_is_respected(origin: Origin, tmp_path: Path) -> None:
    answers = iter([(429, {"Retry-After": "7"}), (503, {"retry-after-ms": "1500"}), (500, {})])
    origin.fault = lambda _path: next(answers, None)
    waited: list[float] = []
    assert _mirror(origin, tmp_path / "copy", waited) == 3
    assert [seconds for seconds in waited if seconds > 1] == [7, 1.5, 8]


def test_an_interrupted_run_is_continued(origin: Origin, tmp_path: Path) -> None:
    origin.fault = lambda path: (404, {}) if path.startswith("/assets/") and full() else None
    served: list[int] = []

    def full() -> bool:
        served.append(1)
        return len(served) > 1

    with pytest.raises(MirrorError, match="404"):
        _mirror(origin, tmp_path / "copy")
    assert len(list((tmp_path / "copy").glob("*/*.json"))) == 1
    origin.fault = lambda _path: None
    assert _mirror(origin, tmp_path / "copy") == 2
    assert not list((tmp_path / "copy").glob("*/.*")), "no partial file stays"


def test_refusals_are_reported_in_one_line(origin: Origin, tmp_path: Path) -> None:
    stranger = Access(origin.access.base_url, "api_other", "wrong")
    with pytest.raises(MirrorError, match="401"):
        Mirror(stranger, tmp_path / "copy", RecordedProgress(), rate=1e6).run()
    nowhere = Access("http://127.0.0.1:9/v1", "a", "b")
    with pytest.raises(MirrorError, match="no response"):
        Mirror(
            nowhere, tmp_path / "copy", RecordedProgress(), rate=1e6, sleep=lambda _s: None
        ).run()


def test_mirroring_without_a_key_names_the_missing_variables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mirror", str(tmp_path / "copy")]) == 1
    assert capsys.readouterr().err == (
        "error: set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET to mirror\n"
    )


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", "..", "\x00", "con\n", "x" * 500])
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    mirror = Mirror(Access("http://x/v1", "a", "b"), tmp_path, RecordedProgress())
    hit = {"id": name, "metadata": {"name": name}, "collectionIds": ["c"], "mimeType": name}
    target = mirror._target(hit, {"c": name})
    assert target.resolve().is_relative_to(tmp_path.resolve())
    assert len(target.relative_to(tmp_path).parts) == 2


def test_a_link_in_place_of_a_folder_receives_no_file(origin: Origin, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "towers").symlink_to(private, target_is_directory=True)
    with pytest.raises(MirrorError, match="towers is a link"):
        _mirror(origin, tmp_path / "copy")
    assert list(private.iterdir()) == []


def test_links_in_place_of_files_are_not_written_through(origin: Origin, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert _mirror(origin, first) == 3
    private = tmp_path / "private"
    private.write_text("private")
    for path in [path for path in first.rglob("*") if path.is_file()]:
        place = second / path.relative_to(first)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.with_name(f".{path.name}.part").symlink_to(private)
        if path.suffix == ".json":
            place.symlink_to(private)
    assert _mirror(origin, second) == 3
    assert private.read_text() == "private"
    for path in first.rglob("*"):
        copied = second / path.relative_to(first)
        assert not copied.is_symlink()
        assert copied.stat().st_mode == path.stat().st_mode
