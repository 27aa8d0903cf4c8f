"""The command line, run as a process."""

from __future__ import annotations

import io
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from PIL import Image

from library import server
from library.__main__ import main
from library.formats.isolation import sandbox
from tests.support import sample_documents, sample_files
from tests.support.decisions import send
from tests.support.ports import free_port
from tests.support.processes import until


def _run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "library", *arguments, "--home", str(home)],
        capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sample_files.fill(
        tmp_path / "art",
        {
            "a/castle.png": sample_files.png(),
            "b/tree.png": sample_files.png("navy"),
            "c.png": b"broken",
        },
    )


def test_index_reports_skipped_files_and_a_summary(folder: Path, tmp_path: Path) -> None:
    (folder / "cut.png").write_bytes(sample_files.png()[:70])
    (folder / "tool.exe").write_bytes(b"MZ\x00")
    first = _run("index", str(folder), "--quiet", home=tmp_path / "home")
    again = _run("index", str(folder), "--quiet", home=tmp_path / "home")
    assert (first.returncode, first.stdout, again.returncode) == (0, "", 0)
    lines = first.stderr.splitlines()
    assert lines[0] == "skipped c.png: is no PNG: its content is something else"
    assert lines[1].startswith("damaged cut.png: is broken")
    assert lines[2:] == [
        "not indexed: tool.exe (1 .exe) in the folder: is of no known kind",
        "3 assets in the library (added 3, skipped 1, damaged 1, 0 unchanged, "
        "1 of types that are not shown)",
    ]
    assert again.stderr.splitlines()[-1].startswith(
        "3 assets in the library (skipped 1, 3 unchanged"
    )


def test_a_broken_file_is_reported_in_one_line(tmp_path: Path) -> None:
    """Pillow logs an error for a TIFF of 65,535 samples per pixel, and raises it as well."""
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, "TIFF")
    head, samples_a_pixel, rest = file.getvalue().partition(struct.pack("<HHI", 277, 3, 1))
    content = head + samples_a_pixel + struct.pack("<I", 65_535) + rest[4:]
    sample_files.fill(tmp_path / "art", {"a.tif": content, "b.png": sample_files.png()})
    ran = _run("index", str(tmp_path / "art"), "--quiet", home=tmp_path / "home")
    lines = ran.stderr.splitlines()
    assert lines[0].startswith("damaged a.tif: is ")
    assert lines[1:] == ["2 assets in the library (added 2, damaged 1, 0 unchanged)"]


def test_the_supported_types_are_listed_for_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    lines = _run("index", str(tmp_path / "empty"), home=tmp_path / "home").stderr.splitlines()
    assert lines[0] == "0 assets in the library (0 unchanged)"
    assert lines[1].startswith("The folder has no files of a supported type.")
    assert any(line.startswith("  image: png ") for line in lines)
    assert any(line.startswith("  3d: glb vrm gltf obj ") for line in lines)


def test_the_error_for_a_missing_library_has_the_command(tmp_path: Path) -> None:
    found = _run("serve", str(tmp_path), home=tmp_path / "home")
    assert found.returncode == 1
    assert ".venv/bin/python -m library index FOLDER, or make run ASSETS=FOLDER" in found.stderr


def test_a_wrong_value_of_what_may_be_changed_is_an_error_in_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run("index", str(folder), "--quiet", home=tmp_path / "home")
    monkeypatch.setenv("AKIN_WRITE", "everything")
    found = _run("serve", "--port", str(free_port()), home=tmp_path / "home")
    assert found.stderr == "error: AKIN_WRITE must be one of off, tags, all, not 'everything'\n"
    assert found.returncode == 1


@pytest.mark.parametrize(("setting", "mode"), [("", "all"), ("off", "off"), (" tags ", "tags")])
def test_this_machine_may_change_all_unless_it_is_set(
    setting: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKIN_WRITE", setting)
    assert server.write_mode() == mode


def test_a_library_that_is_served_obeys_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_documents.library(tmp_path, [(sample_documents.document("castle"), None)]).close()
    monkeypatch.setenv("AKIN_LIBRARY_HOME", str(tmp_path))
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "key")
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "secret")
    path, body = f"/assets/{sample_documents.asset_id('castle')}/tags", {"add": ["stone"]}
    answers = {}
    for mode in ("off", "tags"):
        monkeypatch.setenv("AKIN_WRITE", mode)
        answers[mode] = send(server.application().test_client(), "PUT", path, body).status_code
    assert answers == {"off": 403, "tags": 200}


def test_the_progress_bar_is_on_standard_error(folder: Path, tmp_path: Path) -> None:
    shown = _run("index", str(folder), home=tmp_path / "home")
    assert "indexing: 100%" in shown.stderr
    assert shown.stdout == ""


def test_no_model_is_loaded_for_unchanged_files(folder: Path, tmp_path: Path) -> None:
    (folder / "c.png").unlink()
    _run("index", str(folder), home=tmp_path / "home")
    code = (
        "import sys; from library.__main__ import main;"
        f"main(['index', {str(folder)!r}, '--home', {str(tmp_path / 'home')!r}, '--quiet']);"
        "print([m for m in ('onnxruntime', 'onnx', 'tokenizers', 'av') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["index", "nowhere"], "error: nowhere cannot be read: No such file or directory"),
        (["serve"], "error: "),
    ],
)
def test_an_error_is_one_line_and_exit_code_1(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    ran = _run(*arguments, home=tmp_path / "home")
    assert ran.returncode == 1
    assert ran.stderr.startswith(message)
    assert ran.stderr.count("\n") == 1


def test_a_port_that_cannot_be_opened_is_an_error_in_one_line(folder: Path, tmp_path: Path) -> None:
    _run("index", str(folder), "--quiet", home=tmp_path / "home")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        taken = _run("serve", "--port", str(port), home=tmp_path / "home")
    assert taken.stderr == (
        f"error: cannot listen on 127.0.0.1:{port}: Address already in use; choose another --port\n"
    )
    none = _run("serve", "--port", "65536", home=tmp_path / "home")
    assert none.stderr == "error: --port must be a number from 1 to 65535, not 65536\n"
    assert [taken.returncode, none.returncode] == [1, 1]


def test_the_runtime_writes_no_telemetry(folder: Path, tmp_path: Path) -> None:
    """Its telemetry stores an id of the machine in the user's cache folder."""
    (tmp_path / "user").mkdir()
    subprocess.run(
        [sys.executable, "-m", "library", "index", str(folder), "--home", str(tmp_path / "home")],
        env={
            **{name: value for name, value in os.environ.items() if name[:3] not in {"ORT", "XDG"}},
            "HOME": str(tmp_path / "user"),
        },
        capture_output=True,
        check=True,
        timeout=500,
    )
    assert list((tmp_path / "user").rglob("*")) == []


def test_help_lists_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"    {command} " in shown for command in ("index", "serve", "demo"))


def test_ctrl_c_stops_with_a_message_and_no_traceback(tmp_path: Path) -> None:
    many = sample_files.fill(
        tmp_path / "art", {f"{n}.png": sample_files.png(size=(n + 10, 300)) for n in range(200)}
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "library", "index", str(many), "--home", str(tmp_path / "home")],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    thumbnails = tmp_path / "home" / "thumbnails"
    until(thumbnails.exists, process)
    process.send_signal(signal.SIGINT)
    _, shown = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in shown
    assert shown.rstrip().endswith("stopped; finished work is stored, and the next run continues")
    assert _run("index", str(many), "--quiet", home=tmp_path / "home").stderr.startswith(
        "200 assets"
    )


@pytest.mark.parametrize("path", ["new.png", "home pictures/new.png"])
def test_watch_indexes_a_new_file_until_it_is_stopped(folder: Path, path: str) -> None:
    """Also in a folder whose name begins with the name of the home next to it."""
    home = folder / "home"
    (folder / "home pictures").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "library", "index", str(folder), "--home", str(home), "--quiet",
         "--watch"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        lines = iter(process.stderr.readline, "")
        assert next(line for line in lines if line.startswith("watching")).endswith("stops\n")
        (folder / path).write_bytes(sample_files.png("gold"))
        assert next(line for line in lines if "assets" in line).startswith("3 assets")
    finally:
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in shown


def test_serve_listens_on_loopback_and_prints_the_key_pair(folder: Path, tmp_path: Path) -> None:
    _run("index", str(folder), home=tmp_path / "home")
    port = free_port()
    command = [sys.executable, "-m", "library", "serve", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--home", str(tmp_path / "home")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        assert process.stdout is not None
        printed = [process.stdout.readline().strip() for _ in range(4)]
        assert printed[0] == f"library at http://127.0.0.1:{port}/v1"
        assert printed[2].startswith("SCENARIO_SDK_API_KEY=api_")
        until(lambda: _status(f"http://127.0.0.1:{port}/v1/tags") == 401, process)
    finally:
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=300)
    assert "Traceback" not in shown


def _status(url: str) -> int | None:
    """Return the status of a response; None while nothing listens."""
    try:
        with urlopen(url) as response:  # noqa: S310 - loopback
            return int(response.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return None


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="there is no /proc")
def test_a_server_can_be_stopped_while_it_opens_its_library(folder: Path, tmp_path: Path) -> None:
    _run("index", str(folder), home=tmp_path / "home")
    process = subprocess.Popen(
        [sys.executable, "-m", "library", "serve", "--port", str(free_port()), "--home",
         str(tmp_path / "home")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        workers = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        until(lambda: workers.read_text() != "", process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert (process.returncode, errors) == (0, "")


def test_check_shows_how_foreign_files_are_read() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "library", "check"],
        capture_output=True, text=True, check=True, timeout=500,
    )  # fmt: skip
    lines = shown.stdout.splitlines()
    assert [line.partition(": ")[2] for line in lines] == list(sandbox.PROTECTIONS)
    assert {line.split()[0] for line in lines} <= {"yes", "NO"}
