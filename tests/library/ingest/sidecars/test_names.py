"""Which files are sidecars, and of which assets."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from library.ingest.sidecars.names import assign
from library.ingest.walk import walk
from tests.support import sample_files

LONG = "a very long name of a holiday photograph in the mountains"


@pytest.mark.parametrize(
    ("asset", "sidecar"),
    [
        ("a.png", "a.txt"),
        ("a.png", "a.png.txt"),
        ("DSC01.JPG", "DSC01.XMP"),
        ("DSC01.JPG", "dsc01.jpg.xmp"),
        ("dsc01.jpg", "DSC01.Caption"),
        ("a.webp", "a.JSON"),
        ("a.b.png", "a.b.txt"),
        ("clip.mp4", "clip.info.json"),
        ("clip.mp4", "clip.description"),
        ("a.png", "a.tags"),
        ("a.pdf", "a.xmp"),
        ("a.pdf", "a.pdf.txt"),
        (unicodedata.normalize("NFD", "Café.png"), "Café.txt"),
        # Google Takeout
        ("x.jpg", "x.jpg.json"),
        ("x.jpg", "x.jpg.supplemental-metadata.json"),
        ("x.jpg", "x.jpg.supplemental-met.json"),
        ("x.jpg", "x.jpg.s.json"),
        ("x.jpg", "x.jpg..json"),
        ("x(1).jpg", "x.jpg.supplemental-metadata(1).json"),
        ("x(12).jpg", "x.jpg(12).json"),
        ("x(1).jpg", "x(1).jpg.supplemental-metadata.json"),
        ("x-edited.jpg", "x.jpg.supplemental-metadata.json"),
        ("x-bearbeitet(2).jpg", "x.jpg.supplemental-metadata(2).json"),
        (f"{LONG[:47]}.jpg", f"{LONG[:46]}.json"),
        (f"{LONG[:40]}.jpg", f"{LONG[:40]}.jpg.s.json"),
        (f"{LONG[:43]}.jpg", f"{LONG[:43]}.jp.json"),
        ("IMG_20190624_135733_BURST1.jpg", "IMG_20190624_135733_BURST1.jpg.supplemental-m.json"),
    ],
)  # fmt: skip
def test_a_sidecar_belongs_to_its_asset(asset: str, sidecar: str) -> None:
    found = assign(["b/other.png", f"b/{asset}", f"b/{sidecar}", f"c/{sidecar}x", "other.txt"])
    assert found.of == {f"b/{asset}": (f"b/{sidecar}",)}


@pytest.mark.parametrize(
    ("asset", "other"),
    [
        ("a.png", "ab.txt"),
        ("a.png", "a.png.bak.txt"),
        ("x.jpg", "x.jpg.supplemental-metadata(1).json"),
        ("x(2).jpg", "x.jpg.supplemental-metadata(1).json"),
        ("x(1).jpg", "x.jpg.supplemental-metadata.json"),
        (f"{LONG}.jpg", f"{LONG[:20]}.json"),
        ("a.pdf", "a.txt"),
    ],
)
def test_other_files_do_not(asset: str, other: str) -> None:
    assert assign([asset, other]).of == {}


def test_copies_of_a_name_that_takeout_has_cut_have_their_own_sidecars() -> None:
    assets = [f"{LONG[:47]}{number}.jpg" for number in ("", "(1)", "(2)", "(3)")]
    beside = [f"{LONG[:46]}{number}.json" for number in ("", "(1)", "(2)", "(3)")]
    expected = {asset: (name,) for asset, name in zip(assets, beside, strict=True)}
    assert assign([*assets, *beside]).of == expected


def test_the_video_of_a_live_photograph_shares_its_sidecar() -> None:
    names = [
        "IMG_1(2).HEIC",
        "IMG_1(2).MP4",
        "IMG_1.MP4",
        "IMG_1.HEIC.supplemental-metadata(2).json",
    ]
    assert assign(names).of == {names[0]: (names[3],), names[1]: (names[3],)}


def test_each_copy_has_the_sidecar_with_its_number() -> None:
    names = [f"x{n}.jpg" for n in ("", "(1)", "(2)")]
    beside = [f"x.jpg.supplemental-metadata{n}.json" for n in ("", "(1)", "(2)")]
    assert assign([*names, *beside]).of == {n: (b,) for n, b in zip(names, beside, strict=True)}


def test_where_names_differ_in_case_the_one_that_is_written_alike_counts() -> None:
    found = assign(["a.png", "A.png", "a.txt", "A.txt"])
    assert found.of == {"a.png": ("a.txt",), "A.png": ("A.txt",)}


def test_sidecars_come_in_the_order_in_which_they_count() -> None:
    names = ["a.png.xmp", "a.xmp", "a.json", "a.caption", "a.txt"]
    assert assign(["a.png", *names]).of["a.png"] == (
        "a.caption", "a.json", "a.txt", "a.xmp", "a.png.xmp",
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "gone.jpg.supplemental-metadata.json", "gone.jpg.suppl(3).json", "gone.jpg.json",
        "gone.png.txt", "gone.xmp", "gone.CAPTION",
    ],
)  # fmt: skip
def test_a_sidecar_whose_asset_is_gone_is_reported_and_is_no_asset(
    name: str, tmp_path: Path
) -> None:
    sample_files.fill(tmp_path, {name: b"{}", "notes.txt": b"a text", "data.json": b"{}"})
    reported: dict[str, str] = {}
    found = walk(tmp_path, reported.__setitem__).files
    assert [file.path for file in found] == ["data.json", "notes.txt"]
    assert reported == {name: "describes another file, which is not in its folder"}


def test_many_names_that_are_cut_take_linear_time() -> None:
    stems = [f"{number:05d} {LONG}" for number in range(20_000)]
    paths = [*(f"{stem[:47]}.jpg" for stem in stems), *(f"{stem[:46]}.json" for stem in stems)]
    assert len(assign(paths).of) == 20_000  # a quadratic search would meet the time-out
