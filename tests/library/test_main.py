"""The command line, run as a person runs it."""

from __future__ import annotations

import io
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from PIL import Image

from library.__main__ import main
from tests.library import samples
from tests.ports import free_port


def _run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "library", *arguments, "--home", str(home)],
        capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return samples.fill(
        tmp_path / "art",
        {"a/castle.png": samples.png(), "b/tree.png": samples.png("navy"), "c.png": b"broken"},
    )


def test_index_says_what_it_did_in_plain_lines(folder: Path, tmp_path: Path) -> None:
    (folder / "cut.png").write_bytes(samples.png()[:70])
    (folder / "tool.exe").write_bytes(b"MZ\x00")
    first = _run("index", str(folder), "--quiet", home=tmp_path / "home")
    again = _run("index", str(folder), "--quiet", home=tmp_path / "home")
    assert (first.returncode, first.stdout, again.returncode) == (0, "", 0)
    lines = first.stderr.splitlines()
    assert lines[0] == "skipped c.png: is no PNG: its content is something else"
    assert lines[1].startswith("skipped cut.png: is broken")
    assert lines[2:] == [
        "2 assets in the library (added 2, skipped 2, 0 unchanged, 1 of other kinds passed over)"
    ]
    assert again.stderr.splitlines()[-1].startswith(
        "2 assets in the library (skipped 2, 2 unchanged"
    )


def test_a_broken_file_is_one_line_whatever_its_reader_prints(tmp_path: Path) -> None:
    """Pillow logs what it thinks of a TIFF of 65,535 samples a pixel, and raises it as well."""
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, "TIFF")
    head, samples_a_pixel, rest = file.getvalue().partition(struct.pack("<HHI", 277, 3, 1))
    content = head + samples_a_pixel + struct.pack("<I", 65_535) + rest[4:]
    samples.fill(tmp_path / "art", {"a.tif": content, "b.png": samples.png()})
    ran = _run("index", str(tmp_path / "art"), "--quiet", home=tmp_path / "home")
    lines = ran.stderr.splitlines()
    assert lines[0].startswith("skipped a.tif: is ")
    assert lines[1:] == ["1 assets in the library (added 1, skipped 1, 0 unchanged)"]


def test_a_folder_with_nothing_in_it_is_told_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    lines = _run("index", str(tmp_path / "empty"), home=tmp_path / "home").stderr.splitlines()
    assert lines[0] == "0 assets in the library (0 unchanged)"
    assert lines[1].startswith("Nothing to browse yet.")
    assert any(line.startswith("  image: png ") for line in lines)
    assert "  3d: glb gltf obj fbx stl blend" in lines


def test_what_has_no_library_is_told_how_to_make_one(tmp_path: Path) -> None:
    found = _run("serve", str(tmp_path), home=tmp_path / "home")
    assert found.returncode == 1
    assert ".venv/bin/python -m library index FOLDER, or make run ASSETS=FOLDER" in found.stderr


def test_progress_is_a_bar_on_standard_error(folder: Path, tmp_path: Path) -> None:
    shown = _run("index", str(folder), home=tmp_path / "home")
    assert "indexing: 100%" in shown.stderr
    assert shown.stdout == ""


def test_nothing_changed_loads_no_model(folder: Path, tmp_path: Path) -> None:
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
    ("arguments", "said"),
    [
        (["index", "nowhere"], "error: nowhere cannot be read: No such file or directory"),
        (["serve"], "error: "),
    ],
)
def test_mistakes_are_one_line_and_exit_code_1(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    ran = _run(*arguments, home=tmp_path / "home")
    assert ran.returncode == 1
    assert ran.stderr.startswith(said)
    assert ran.stderr.count("\n") == 1


def test_a_port_that_cannot_be_had_is_said_in_a_line(folder: Path, tmp_path: Path) -> None:
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


def test_the_models_tell_nobody_what_they_are_run_on(folder: Path, tmp_path: Path) -> None:
    """The runtime keeps a number of the machine and what it has to tell in the user's cache."""
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


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"    {command} " in shown for command in ("index", "serve", "demo"))


def test_ctrl_c_stops_with_a_line_and_no_traceback(tmp_path: Path) -> None:
    many = samples.fill(
        tmp_path / "art", {f"{n}.png": samples.png(size=(n + 10, 300)) for n in range(200)}
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "library", "index", str(many), "--home", str(tmp_path / "home")],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    thumbnails = tmp_path / "home" / "thumbnails"
    while not thumbnails.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, shown = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in shown
    assert shown.rstrip().endswith("stopped; what was done so far is kept, the next run goes on")
    assert _run("index", str(many), "--quiet", home=tmp_path / "home").stderr.startswith(
        "200 assets"
    )


def test_watch_follows_the_folder_until_it_is_stopped(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = subprocess.Popen(
        [sys.executable, "-m", "library", "index", str(folder), "--home", str(home), "--quiet",
         "--watch"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        lines = iter(process.stderr.readline, "")
        assert next(line for line in lines if line.startswith("watching")).endswith("stops\n")
        (folder / "new.png").write_bytes(samples.png("gold"))
        assert next(line for line in lines if "assets" in line).startswith("3 assets")
    finally:
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in shown


def test_serve_answers_on_loopback_and_prints_the_key_pair(folder: Path, tmp_path: Path) -> None:
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
        status = None
        while status is None and process.poll() is None:
            try:
                with urlopen(f"http://127.0.0.1:{port}/v1/tags") as answer:
                    status = answer.status
            except HTTPError as error:
                status = error.code
            except OSError:
                time.sleep(0.05)
        assert status == 401
    finally:
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=300)
    assert "Traceback" not in shown


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
        while not workers.read_text():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=300)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert (process.returncode, said) == (0, "")
