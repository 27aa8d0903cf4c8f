"""What a picture looks like once it is transformed, and which results are kept."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageChops, ImageStat

from library import transforms
from library.errors import BadRequest
from library.transforms import Transform, parse

if TYPE_CHECKING:
    from pathlib import Path

RED, GREEN, BLUE, CLEAR = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)


def transformed(image: Image.Image, mime: str = "image/png", **asked: str) -> Image.Image:
    """What the parameters make of a picture, read back from its bytes."""
    content, _ = transforms.apply(image, parse(asked, mime=mime), mime)
    with Image.open(io.BytesIO(content)) as made:
        made.load()
        return made.copy()


def plain(width: int, height: int, colour: tuple[int, ...] = RED) -> Image.Image:
    """A picture of one colour."""
    return Image.new("RGBA", (width, height), colour)


def thirds(width: int, height: int) -> Image.Image:
    """Red, green and blue beside each other, or below each other where that is longer."""
    image = plain(width, height, GREEN)
    if width > height:
        image.paste(RED, (0, 0, width // 3, height))
        image.paste(BLUE, (width - width // 3, 0, width, height))
    else:
        image.paste(RED, (0, 0, width, height // 3))
        image.paste(BLUE, (0, height - height // 3, width, height))
    return image


def colours(image: Image.Image) -> set[str]:
    """Which of the three can be seen."""
    bands = zip("rgb", image.convert("RGB").getextrema(), strict=True)
    return {name for name, (_, most) in bands if most > 200}


# --- what is asked ---------------------------------------------------------------------------


def test_what_is_not_said_is_the_default() -> None:
    assert parse({}, mime="image/png") == Transform(
        quality=80, format="origin", fit="cover", blur=0.0, greyscale=False
    )


@pytest.mark.parametrize("side", ["width", "height"])
def test_the_longest_side_that_may_be_asked_for_is_4096(side: str) -> None:
    assert getattr(parse({side: "4096"}), side) == 4096


def test_a_quality_alone_leaves_the_picture_as_it_is() -> None:
    asked = parse({"quality": "50"}, mime="image/png")
    assert (asked.quality, asked.is_identity) == (50, True)


@pytest.mark.parametrize(
    ("accept", "made"),
    [
        ("*/*", "webp"),
        ("image/webp", "webp"),
        ("image/avif,image/webp", "webp"),
        ("image/png", "jpeg"),
        ("", "jpeg"),
    ],
)
def test_auto_is_webp_for_whoever_takes_it_and_jpeg_for_the_others(accept: str, made: str) -> None:
    assert parse({"format": "auto"}, accept).format == made


@pytest.mark.parametrize(
    ("mime", "made"),
    [("image/png", "origin"), ("image/gif", "origin"), ("image/tiff", "webp"), ("", "webp")],
)
def test_an_original_that_browsers_cannot_show_becomes_webp(mime: str, made: str) -> None:
    assert parse({}, mime=mime).format == made
    assert parse({"format": "origin"}, mime=mime).format == made


@pytest.mark.parametrize("spelled", ["greyscale", "grayscale"])
def test_grey_is_spelled_in_either_way(spelled: str) -> None:
    assert parse({spelled: "true"}).greyscale


@pytest.mark.parametrize("no", ["false", "0", "no", "False", "NO"])
def test_a_switch_can_be_said_to_be_off(no: str) -> None:
    asked = parse({"greyscale": no, "flatten": no})
    assert (asked.greyscale, asked.background) == (False, None)


@pytest.mark.parametrize(
    ("said", "blur"),
    [("true", 4.0), ("0.5", 0.5), ("100", 100.0), ("101", 100.0), ("1000", 100.0), ("0", 0.0)],
)
def test_a_blur_is_at_most_a_hundred_pixels_wide(said: str, blur: float) -> None:
    assert parse({"blur": said}).blur == blur


@pytest.mark.parametrize(
    ("said", "colour"),
    [
        ("336699", (51, 102, 153)),
        ("#336699", (51, 102, 153)),
        ("369", (51, 102, 153)),
        ("white", (255, 255, 255)),
        ("33669980", (51, 102, 153)),
    ],
)
def test_a_colour_is_named_or_given_in_hexadecimal(said: str, colour: tuple[int, ...]) -> None:
    assert parse({"background": said}).background == colour
    assert parse({"background": said, "flatten": "true"}).background == colour


@pytest.mark.parametrize(
    "asked",
    [
        {"blur": "1001"},
        {"blur": "inf"},
        {"blur": "-0.5"},
        {"width": "9" * 5000},  # more digits than Python turns into a number
        {"background": "f" * 100_000},
        {"background": "rgb(" * 50_000},
    ],
)
def test_what_is_out_of_bounds_is_refused_by_its_name(asked: dict[str, str]) -> None:
    with pytest.raises(BadRequest, match=next(iter(asked))):
        parse(asked)


# --- what is made ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "asked", "made"),
    [
        ((60, 30), {"width": "60"}, (60, 30)),
        ((60, 30), {"width": "90"}, (60, 30)),
        ((60, 30), {"height": "40"}, (60, 30)),
        ((60, 30), {"width": "90", "height": "90", "fit": "inside"}, (60, 30)),
        ((60, 30), {"width": "90", "height": "90", "fit": "outside"}, (60, 30)),
        ((60, 30), {"width": "40", "height": "90", "fit": "fill"}, (13, 30)),
        ((60, 30), {"width": "90", "height": "40", "fit": "fill"}, (60, 27)),
        ((60, 30), {"width": "90", "height": "40"}, (60, 27)),
        ((60, 30), {"width": "40", "height": "90"}, (13, 30)),
        ((60, 30), {"width": "20", "height": "20", "fit": "outside"}, (40, 20)),
        ((60, 30), {"width": "20", "height": "20", "fit": "inside"}, (20, 10)),
        ((2000, 2), {"width": "10"}, (10, 1)),
        ((2, 2000), {"height": "10"}, (1, 10)),
        ((2, 2), {"width": "4000", "height": "4"}, (2, 1)),
        ((2, 2), {"width": "4", "height": "4000"}, (1, 2)),
    ],
)
def test_a_picture_is_never_enlarged_and_never_nothing(
    size: tuple[int, int], asked: dict[str, str], made: tuple[int, int]
) -> None:
    assert transformed(plain(*size), **asked).size == made


@pytest.mark.parametrize("size", [(90, 30), (30, 90)])
def test_cover_cuts_off_what_fill_squeezes_in(size: tuple[int, int]) -> None:
    box = {"width": "30", "height": "30"}
    seen = {fit: colours(transformed(thirds(*size), fit=fit, **box)) for fit in ("cover", "fill")}
    assert seen == {"cover": {"g"}, "fill": {"r", "g", "b"}}


@pytest.mark.parametrize(
    ("background", "ground"), [({}, CLEAR), ({"background": "0000ff"}, BLUE[:3])]
)
def test_contain_puts_the_picture_in_the_middle_of_its_ground(
    background: dict[str, str], ground: tuple[int, ...]
) -> None:
    box = {"width": "20", "height": "20", "fit": "contain"}
    made = transformed(plain(40, 20), **box, **background)
    column = [made.getpixel((10, y)) for y in (0, 4, 5, 14, 15, 19)]
    red = RED[: len(ground)]
    assert (made.size, column) == ((20, 20), [ground, ground, red, red, ground, ground])


def test_what_is_contained_is_not_enlarged_either() -> None:
    box = {"width": "20", "height": "20", "fit": "contain"}
    made = transformed(plain(10, 4), **box)
    assert (made.size, made.getbbox()) == ((20, 20), (5, 8, 15, 12))


def test_grey_keeps_what_is_transparent() -> None:
    half = plain(8, 8, CLEAR)
    half.paste(RED, (0, 0, 4, 8))
    made = transformed(half, greyscale="true")
    assert [made.getpixel((x, 4)) for x in (1, 6)] == [(76, 76, 76, 255), (0, 0, 0, 0)]


def test_blur_makes_an_edge_soft() -> None:
    made = transformed(thirds(90, 30), blur="true").convert("RGB")
    red, green, _ = made.getpixel((30, 15))  # type: ignore[misc]
    assert 60 < red < 200
    assert 60 < green < 200


def test_what_is_transparent_is_white_in_a_jpeg() -> None:
    seen = transformed(plain(8, 8, CLEAR), format="jpg")
    assert (seen.mode, seen.getpixel((4, 4))) == ("RGB", (255, 255, 255))


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif"])
def test_less_quality_takes_fewer_bytes(kind: str) -> None:
    noise = Image.effect_noise((128, 128), 80).convert("RGB")
    sizes = [
        len(transforms.apply(noise, parse({"format": kind, "quality": quality}), "image/png")[0])
        for quality in ("10", "50", "90")
    ]
    assert sizes == sorted(set(sizes))


def test_a_picture_too_long_for_webp_is_made_as_long_as_it_takes() -> None:
    image = plain(17_000, 2)
    assert max(transformed(image, format="webp").size) == 16_000
    assert image.size == (17_000, 2)
    assert transformed(image, format="png").size == (17_000, 2)


@pytest.mark.parametrize(
    ("mime", "made"), [("image/jpeg", "image/jpeg"), ("image/gif", "image/webp")]
)
def test_a_changed_picture_stays_of_its_type_where_that_can_be_made(mime: str, made: str) -> None:
    assert transforms.apply(plain(8, 8), parse({"width": "4"}, mime=mime), mime)[1] == made


def test_a_picture_of_which_nothing_is_asked_keeps_every_pixel() -> None:
    image = thirds(30, 10)
    difference = ImageChops.difference(image, transformed(image, format="png"))
    assert ImageStat.Stat(difference).sum == [0, 0, 0, 0]


# --- what is kept ----------------------------------------------------------------------------


def content_of(letter: bytes, size: int = 100) -> tuple[bytes, str]:
    """A result, as it is made."""
    return letter * size, "image/png"


def never() -> tuple[bytes, str]:
    """Stands where nothing may be made again."""
    raise AssertionError("it was kept")


def aged(folder: Path, times: dict[bytes, float]) -> None:
    """Let the files that begin with a letter be of a time."""
    for path in folder.glob("*/*"):
        when = times[path.read_bytes()[:1]]
        os.utime(path, (when, when))


def letters(folder: Path) -> set[bytes]:
    """What is kept, by the letter that it begins with."""
    return {path.read_bytes()[:1] for path in folder.glob("*/*")}


def test_a_result_is_kept_for_its_asset_and_its_transform_alone(tmp_path: Path) -> None:
    cache, small, large = transforms.Cache(tmp_path), Transform(width=1), Transform(width=2)
    which = {b"a": ("one", small), b"b": ("two", small), b"c": ("one", large)}
    for letter, asked in which.items():
        cache.get(*asked, lambda letter=letter: content_of(letter))
    kept = [cache.get(*asked, never) for asked in which.values()]
    assert kept == [content_of(letter) for letter in which]


def test_what_was_asked_for_longest_ago_is_dropped_first(tmp_path: Path) -> None:
    cache = transforms.Cache(tmp_path, limit=499)
    for letter in b"abcde":
        name = bytes([letter])
        cache.get(name.decode(), Transform(), lambda name=name: content_of(name))
    aged(tmp_path, {b"a": 1.0, b"b": 2.0, b"c": 3.0, b"d": 4.0, b"e": 5.0})
    cache.get("a", Transform(), never)  # the oldest was asked for just now
    cache.sweep()
    assert letters(tmp_path) == {b"a", b"d", b"e"}  # four fifths of 499


def test_nothing_is_dropped_while_there_is_room(tmp_path: Path) -> None:
    cache = transforms.Cache(tmp_path, limit=300)
    for letter in (b"a", b"b", b"c"):
        cache.get(letter.decode(), Transform(), lambda letter=letter: content_of(letter))
    cache.sweep()
    assert letters(tmp_path) == {b"a", b"b", b"c"}


def test_a_process_that_starts_with_too_much_drops_it_with_its_first_result(
    tmp_path: Path,
) -> None:
    for letter in (b"a", b"b", b"c"):
        before = transforms.Cache(tmp_path)
        before.get(letter.decode(), Transform(), lambda letter=letter: content_of(letter))
    aged(tmp_path, {b"a": 1.0, b"b": 2.0, b"c": 3.0})
    after = transforms.Cache(tmp_path, limit=200)
    after.get("d", Transform(), lambda: content_of(b"d"))
    assert letters(tmp_path) == {b"d"}
