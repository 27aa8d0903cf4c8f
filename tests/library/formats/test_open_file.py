"""Opening a file below a folder without following links."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from functools import partial
from io import BufferedReader
from pathlib import Path

import pytest

from library.formats.open_file import NotRegularError, open_below

Opener = Callable[[str | Path, str], BufferedReader]


@pytest.fixture(params=[True, False], ids=["by component", "checked afterwards"])
def opened(request: pytest.FixtureRequest) -> Opener:
    """`open_below` in both of its ways."""
    return partial(open_below, by_component=request.param)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with files and links."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("secret")
    root = tmp_path / "root"
    (root / "a/b").mkdir(parents=True)
    (root / "a/b/file.txt").write_text("content")
    (root / "file.txt").write_text("top")
    (root / "link.txt").symlink_to(root / "file.txt")
    (root / "out.txt").symlink_to(tmp_path / "outside/secret")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "inside").symlink_to(root / "a")
    return root


@pytest.mark.parametrize(("path", "content"), [("file.txt", "top"), ("a/b/file.txt", "content")])
def test_a_file_below_the_root_is_opened(
    opened: Opener, root: Path, path: str, content: str
) -> None:
    with opened(root, path) as file:
        assert file.read().decode() == content
        assert not os.get_inheritable(file.fileno())


def test_the_root_may_be_reached_through_a_link(opened: Opener, root: Path) -> None:
    (root.parent / "alias").symlink_to(root)
    with opened(root.parent / "alias", "a/b/file.txt") as file:
        assert file.read() == b"content"


@pytest.mark.parametrize(
    "path", ["link.txt", "out.txt", "folder/secret", "inside/b/file.txt", "file.txt/more"]
)
def test_links_below_the_root_are_not_followed(opened: Opener, root: Path, path: str) -> None:
    with pytest.raises(OSError) as refused:  # noqa: PT011 - the number is checked below
        opened(root, path)
    assert refused.value.errno in {errno.ELOOP, errno.ENOTDIR}


@pytest.mark.parametrize("path", ["", "..", "../outside/secret", "a/../file.txt", "a//b", "./a"])
def test_a_path_that_leaves_the_root_is_invalid(opened: Opener, root: Path, path: str) -> None:
    with pytest.raises(OSError, match="leaves its folder"):
        opened(root, path)


def test_an_absolute_path_is_invalid(opened: Opener, root: Path) -> None:
    with pytest.raises(OSError, match="leaves its folder"):
        opened(root, str(root / "file.txt"))


def test_only_regular_files_are_opened_and_a_pipe_does_not_block(
    opened: Opener, root: Path
) -> None:
    os.mkfifo(root / "pipe")
    for path in ("pipe", "a"):
        with pytest.raises(NotRegularError):
            opened(root, path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
        with pytest.raises(OSError, match=os.strerror(errno.ENXIO)):
            opened(root, "socket")


def test_no_descriptor_stays_open(opened: Opener, root: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    opened(root, "a/b/file.txt").close()
    for path in ("folder/secret", "a", "a/b/missing", "out.txt"):
        with pytest.raises(OSError):  # noqa: PT011 - any
            opened(root, path)
    assert len(list(Path("/dev/fd").iterdir())) == before
