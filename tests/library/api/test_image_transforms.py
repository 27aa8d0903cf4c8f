"""Transformed images, and the cache of the results."""

from __future__ import annotations

import io
import os
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageChops, ImageStat

from library.api import image_transforms
from library.api.image_transforms import Rendition, Transform, parse
from library.errors import BadRequest

if TYPE_CHECKING:
    from pathlib import Path

RED, GREEN, BLUE, CLEAR = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)


def transformed(image: Image.Image, mime: str = "image/png", **parameters: str) -> Image.Image:
    """Return the transformed image, decoded from its bytes."""
    content, _ = image_transforms.apply(image, parse(parameters, mime=mime), mime)
    with Image.open(io.BytesIO(content)) as expected:
        expected.load()
        return expected.copy()


def plain(width: int, height: int, colour: tuple[int, ...] = RED) -> Image.Image:
    """Return an image of one colour."""
    return Image.new("RGBA", (width, height), colour)


def thirds(width: int, height: int) -> Image.Image:
    """Return an image of a red, a green and a blue third along its longer side."""
    image = plain(width, height, GREEN)
    if width > height:
        image.paste(RED, (0, 0, width // 3, height))
        image.paste(BLUE, (width - width // 3, 0, width, height))
    else:
        image.paste(RED, (0, 0, width, height // 3))
        image.paste(BLUE, (0, height - height // 3, width, height))
    return image


def colours(image: Image.Image) -> set[str]:
    """Return which of the three colours the image has."""
    extrema: Any = image.convert("RGB").getextrema()
    return {name for name, (_, most) in zip("rgb", extrema, strict=True) if most > 200}


# Parameters


def test_missing_parameters_have_defaults() -> None:
    assert parse({}, mime="image/png") == Transform(
        quality=80, format="origin", fit="cover", blur=0.0, greyscale=False
    )


@pytest.mark.parametrize("side", ["width", "height"])
def test_the_longest_side_is_4096(side: str) -> None:
    assert getattr(parse({side: "4096"}), side) == 4096


def test_a_quality_alone_leaves_the_image_as_it_is() -> None:
    transform = parse({"quality": "50"}, mime="image/png")
    assert (transform.quality, transform.is_identity) == (50, True)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "webp"),
        ("image/webp", "webp"),
        ("image/avif,image/webp", "webp"),
        ("image/png", "jpeg"),
        ("", "jpeg"),
    ],
)
def test_auto_is_webp_where_accepted_and_else_jpeg(accept: str, expected: str) -> None:
    assert parse({"format": "auto"}, accept).format == expected


@pytest.mark.parametrize(
    ("mime", "expected"),
    [("image/png", "origin"), ("image/gif", "origin"), ("image/tiff", "webp"), ("", "webp")],
)
def test_an_original_that_browsers_cannot_display_becomes_webp(mime: str, expected: str) -> None:
    assert parse({}, mime=mime).format == expected
    assert parse({"format": "origin"}, mime=mime).format == expected


@pytest.mark.parametrize("name", ["greyscale", "grayscale"])
def test_both_spellings_of_greyscale_are_accepted(name: str) -> None:
    assert parse({name: "true"}).greyscale


@pytest.mark.parametrize("no", ["false", "0", "no", "False", "NO"])
def test_a_boolean_parameter_can_be_false(no: str) -> None:
    transform = parse({"greyscale": no, "flatten": no})
    assert (transform.greyscale, transform.background) == (False, None)


@pytest.mark.parametrize(
    ("text", "blur"),
    [("true", 4.0), ("0.5", 0.5), ("100", 100.0), ("101", 100.0), ("1000", 100.0), ("0", 0.0),
     ("5.01", 4.0), ("5.02", 4.0), ("29", 32.0)],
)  # fmt: skip
def test_a_blur_is_one_of_few_and_at_most_a_hundred_pixels_wide(text: str, blur: float) -> None:
    assert parse({"blur": text}).blur == blur


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("336699", (51, 102, 153)),
        ("#336699", (51, 102, 153)),
        ("369", (51, 102, 153)),
        ("white", (255, 255, 255)),
        ("33669980", (51, 102, 153)),
    ],
)
def test_a_colour_is_a_name_or_hexadecimal(text: str, colour: tuple[int, ...]) -> None:
    assert parse({"background": text}).background == colour
    assert parse({"background": text, "flatten": "true"}).background == colour


@pytest.mark.parametrize(
    "parameters",
    [
        {"blur": "1001"},
        {"blur": "inf"},
        {"blur": "-0.5"},
        {"width": "9" * 5000},  # more digits than Python converts to a number
        {"background": "f" * 100_000},
        {"background": "rgb(" * 50_000},
    ],
)
def test_a_parameter_out_of_range_is_an_error_with_its_name(parameters: dict[str, str]) -> None:
    with pytest.raises(BadRequest, match=next(iter(parameters))):
        parse(parameters)


# Results


@pytest.mark.parametrize(
    ("size", "parameters", "expected"),
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
def test_an_image_is_never_enlarged_and_never_empty(
    size: tuple[int, int], parameters: dict[str, str], expected: tuple[int, int]
) -> None:
    assert transformed(plain(*size), **parameters).size == expected


@pytest.mark.parametrize("size", [(90, 30), (30, 90)])
def test_cover_crops_and_fill_distorts(size: tuple[int, int]) -> None:
    box = {"width": "30", "height": "30"}
    seen = {fit: colours(transformed(thirds(*size), fit=fit, **box)) for fit in ("cover", "fill")}
    assert seen == {"cover": {"g"}, "fill": {"r", "g", "b"}}


@pytest.mark.parametrize(
    ("background", "ground"), [({}, CLEAR), ({"background": "0000ff"}, BLUE[:3])]
)
def test_contain_centres_the_image_on_the_background(
    background: dict[str, str], ground: tuple[int, ...]
) -> None:
    box = {"width": "20", "height": "20", "fit": "contain"}
    expected = transformed(plain(40, 20), **box, **background)
    column = [expected.getpixel((10, y)) for y in (0, 4, 5, 14, 15, 19)]
    red = RED[: len(ground)]
    assert (expected.size, column) == ((20, 20), [ground, ground, red, red, ground, ground])


def test_contain_does_not_enlarge() -> None:
    box = {"width": "20", "height": "20", "fit": "contain"}
    expected = transformed(plain(10, 4), **box)
    assert (expected.size, expected.getbbox()) == ((20, 20), (5, 8, 15, 12))


def test_greyscale_keeps_transparency() -> None:
    half = plain(8, 8, CLEAR)
    half.paste(RED, (0, 0, 4, 8))
    expected = transformed(half, greyscale="true")
    assert [expected.getpixel((x, 4)) for x in (1, 6)] == [(76, 76, 76, 255), (0, 0, 0, 0)]


def test_blur_softens_an_edge() -> None:
    expected = transformed(thirds(90, 30), blur="true").convert("RGB")
    red, green, _ = expected.getpixel((30, 15))  # type: ignore[misc]
    assert 60 < red < 200
    assert 60 < green < 200


def test_transparent_parts_are_white_in_a_jpeg() -> None:
    seen = transformed(plain(8, 8, CLEAR), format="jpg")
    assert (seen.mode, seen.getpixel((4, 4))) == ("RGB", (255, 255, 255))


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif"])
def test_lower_quality_takes_fewer_bytes(kind: str) -> None:
    noise = Image.effect_noise((128, 128), 80).convert("RGB")
    sizes = [
        len(
            image_transforms.apply(noise, parse({"format": kind, "quality": quality}), "image/png")[
                0
            ]
        )
        for quality in ("10", "50", "90")
    ]
    assert sizes == sorted(set(sizes))


def test_an_image_too_long_for_webp_is_reduced_to_its_limit() -> None:
    image = plain(17_000, 2)
    assert max(transformed(image, format="webp").size) == 16_000
    assert image.size == (17_000, 2)
    assert transformed(image, format="png").size == (17_000, 2)


@pytest.mark.parametrize(
    ("mime", "expected"), [("image/jpeg", "image/jpeg"), ("image/gif", "image/webp")]
)
def test_a_transformed_image_keeps_its_type_where_it_can_be_encoded(
    mime: str, expected: str
) -> None:
    assert (
        image_transforms.apply(plain(8, 8), parse({"width": "4"}, mime=mime), mime)[1] == expected
    )


def test_an_image_without_a_transform_keeps_all_pixels() -> None:
    image = thirds(30, 10)
    difference = ImageChops.difference(image, transformed(image, format="png"))
    assert ImageStat.Stat(difference).sum == [0, 0, 0, 0]


# Cache


def content_of(letter: bytes, size: int = 100) -> Rendition:
    """Return a result with this content."""
    return Rendition(letter * size, "image/png")


def never() -> Rendition:
    """Raise an error where the cache should contain the result."""
    raise AssertionError("the result was not in the cache")


def aged(folder: Path, times: dict[bytes, float]) -> None:
    """Set the time of the files whose content begins with a letter."""
    for path in folder.glob("*/*"):
        when = times[path.read_bytes()[:1]]
        os.utime(path, (when, when))


def letters(folder: Path) -> set[bytes]:
    """Return the first letters of the stored contents."""
    return {path.read_bytes()[:1] for path in folder.glob("*/*")}


def test_a_result_is_stored_by_key_and_transform(tmp_path: Path) -> None:
    cache, small, large = image_transforms.Cache(tmp_path), Transform(width=1), Transform(width=2)
    which = {b"a": ("one", small), b"b": ("two", small), b"c": ("one", large)}
    for letter, request in which.items():
        cache.get(*request, partial(content_of, letter))
    stored = [cache.get(*request, never) for request in which.values()]
    assert stored == [content_of(letter) for letter in which]


def test_a_result_that_is_not_of_its_key_is_not_stored(tmp_path: Path) -> None:
    cache, other = image_transforms.Cache(tmp_path), Rendition(b"b", "image/png", storable=False)
    assert cache.get("a", Transform(), lambda: other) == other
    assert cache.get("a", Transform(), lambda: content_of(b"a")) == content_of(b"a")


def test_the_least_recently_used_result_is_dropped_first(tmp_path: Path) -> None:
    cache = image_transforms.Cache(tmp_path, limit=499)
    for letter in b"abcde":
        name = bytes([letter])
        cache.get(name.decode(), Transform(), partial(content_of, name))
    aged(tmp_path, {b"a": 1.0, b"b": 2.0, b"c": 3.0, b"d": 4.0, b"e": 5.0})
    cache.get("a", Transform(), never)  # the oldest is used again
    cache.sweep()
    assert letters(tmp_path) == {b"a", b"d", b"e"}  # four fifths of 499


def test_nothing_is_dropped_below_the_limit(tmp_path: Path) -> None:
    cache = image_transforms.Cache(tmp_path, limit=300)
    for letter in (b"a", b"b", b"c"):
        cache.get(letter.decode(), Transform(), partial(content_of, letter))
    cache.sweep()
    assert letters(tmp_path) == {b"a", b"b", b"c"}


def test_a_cache_above_the_limit_is_reduced_with_the_first_result(
    tmp_path: Path,
) -> None:
    for letter in (b"a", b"b", b"c"):
        before = image_transforms.Cache(tmp_path)
        before.get(letter.decode(), Transform(), partial(content_of, letter))
    aged(tmp_path, {b"a": 1.0, b"b": 2.0, b"c": 3.0})
    after = image_transforms.Cache(tmp_path, limit=200)
    after.get("d", Transform(), lambda: content_of(b"d"))
    assert letters(tmp_path) == {b"d"}
