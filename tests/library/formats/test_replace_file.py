"""Writing below a folder: the whole file or nothing, and nothing behind a link."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from library.formats.replace_file import FileChangedError, remove_drafts, replace_below


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


BOTH = pytest.mark.parametrize("by_descriptor", [True, False])


@BOTH
def test_a_file_is_replaced_with_its_permissions(tmp_path: Path, by_descriptor: bool) -> None:
    (tmp_path / "a").mkdir()
    file = tmp_path / "a" / "b.xmp"
    file.write_bytes(b"old")
    file.chmod(0o640)
    before = file.stat()
    status = replace_below(
        tmp_path, "a/b.xmp", b"new", before=before, like=before, by_descriptor=by_descriptor
    )
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert (status.st_size, status.st_mtime_ns) == (3, file.stat().st_mtime_ns)
    assert _names(file.parent) == ["b.xmp"]


@BOTH
@pytest.mark.parametrize("is_there", [True, False])
def test_another_file_in_its_place_is_kept(
    tmp_path: Path, by_descriptor: bool, is_there: bool
) -> None:
    (tmp_path / "x").write_bytes(b"asset")
    like = (tmp_path / "x").stat()
    if is_there:
        (tmp_path / "b.xmp").write_bytes(b"theirs")
    before = None if is_there else like
    with pytest.raises(FileChangedError, match="another program"):
        replace_below(
            tmp_path, "b.xmp", b"new", before=before, like=like, by_descriptor=by_descriptor
        )
    assert _names(tmp_path) == (["b.xmp", "x"] if is_there else ["x"])


@BOTH
def test_drafts_of_a_killed_process_are_removed(tmp_path: Path, by_descriptor: bool) -> None:
    for name in (".b.xmp.0a1b2c3d.part", ".c.xmp.0a1b2c3d.part", "b.xmp"):
        (tmp_path / name).write_bytes(b"")
    remove_drafts(tmp_path, "b.xmp", by_descriptor=by_descriptor)
    assert _names(tmp_path) == [".c.xmp.0a1b2c3d.part", "b.xmp"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of resources")
def test_on_a_full_disk_the_old_file_stays(tmp_path: Path) -> None:
    """Files may not become larger than a kilobyte, as on a full disk."""
    file = tmp_path / "b.xmp"
    file.write_bytes(b"old")
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "from pathlib import Path; from library.formats.replace_file import replace_below;"
        "root = Path(sys.argv[1]); before = (root / 'b.xmp').stat();"
        "replace_below(root, 'b.xmp', b'x' * 5000, before=before, like=before)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    root = Path(__file__).parents[3]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert "OSError" in run.stderr
    assert (_names(tmp_path), file.read_bytes()) == (["b.xmp"], b"old")


@BOTH
def test_no_link_is_followed(tmp_path: Path, by_descriptor: bool) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    (root / "b.xmp").symlink_to(outside / "b.xmp")
    (root / "x").write_bytes(b"")
    like = (root / "x").stat()
    for path in ("link/a.xmp", "b.xmp", "../a.xmp", "/a.xmp"):
        with pytest.raises(OSError, match=r"\w"):
            replace_below(root, path, b"new", before=None, like=like, by_descriptor=by_descriptor)
    assert _names(outside) == []
    assert _names(root) == ["b.xmp", "link", "x"]
