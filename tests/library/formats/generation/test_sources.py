"""The named texts of a picture, where generators write them."""

from __future__ import annotations

import json

import pytest
from PIL import Image, PngImagePlugin

from library.formats.generation import exif_texts, fields, parameters, settings, sources
from tests.support import generated_files, generated_pictures, sample_files
from tests.support.generated_pictures import opened, with_tags, with_texts

LIMIT = 100


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        (b"ASCII\0\0\0a castle", "a castle"),
        (b"UNICODE\0" + "a castle".encode("utf-16-le"), "a castle"),
        (b"UNICODE\0" + "a castle".encode("utf-16-be"), "a castle"),
        (b"Unicode\0" + "a castle".encode("utf-16-be"), "a castle"),
        (b"\0" * 8 + "caf\u00e9".encode(), "caf\u00e9"),
        (b"JIS\0\0\0\0\0" + "海辺の城".encode("iso2022_jp"), "海辺の城"),
        (b"ASCII\0\0\0" + "Замок у моря на закате".encode("cp1251"), "Замок у моря на закате"),
        (b"ASCII\0\0\0" + b"x" * 200, "x" * LIMIT),
    ],
)
@pytest.mark.parametrize("beside", [False, True])
def test_the_user_comment_is_decoded_by_its_prefix(
    comment: bytes, expected: str, beside: bool
) -> None:
    image = opened(generated_pictures.with_comment(comment, beside=beside))
    assert exif_texts.read(image, LIMIT) == {"UserComment": expected}


@pytest.mark.filterwarnings("ignore:Truncated File Read", "ignore:Possibly corrupt EXIF")
def test_a_damaged_tag_costs_only_itself() -> None:
    """A tag whose value is said to be beyond the end of the block."""
    tags = {0x010E: "a castle at the sea", 0x0131: "Adobe Firefly 3 beta"}
    content = with_tags(tags)
    directory = content.index(b"\x01\x0e\x00\x02")
    damaged = content[: directory + 8] + b"\xff\xff\xff\x00" + content[directory + 12 :]
    assert exif_texts.read(opened(damaged), LIMIT) == {"Software": "Adobe Firefly 3 beta"}


def test_texts_of_windows_are_read() -> None:
    tags = {0x9C9B: "día\0".encode("utf-16-le"), 0x9C9E: "a; b".encode("utf-16-le")}
    texts = exif_texts.read(opened(with_tags(tags)), LIMIT)
    assert (texts["XPTitle"], texts["XPKeywords"]) == ("día", "a; b")


def test_a_picture_without_texts_has_none() -> None:
    assert exif_texts.read(opened(sample_files.png()), LIMIT) == {}
    assert sources.named_texts(opened(sample_files.png())) == {}


def test_texts_that_are_gathered_in_one_object_are_named() -> None:
    """As programs do that convert a PNG into a JPEG."""
    gathered = {"invokeai_metadata": {"seed": 5}, "Title": "x"}
    comment = generated_pictures.wide(json.dumps(gathered))
    texts = sources.unwrapped(sources.named_texts(opened(generated_pictures.with_comment(comment))))
    assert (json.loads(texts["invokeai_metadata"]), texts["Title"]) == ({"seed": 5}, "x")


def test_damaged_exif_is_ignored() -> None:
    image = Image.new("RGB", (8, 8))
    image.info["exif"] = b"Exif\0\0MM\0*\xff\xff\xff\xff"
    assert exif_texts.read(image, LIMIT) == {}


def test_texts_that_no_reader_understands_are_searched() -> None:
    """Those with names of their own, and the texts within an object of an unknown maker."""
    note = generated_pictures.read(with_texts({"Studio note": "the grumpy heron"}))
    assert note == {"unread": "the grumpy heron"}
    unknown = json.dumps({"brush": {"name": "soft charcoal"}, "size": 3})
    for content in (
        with_texts({"parameters": unknown}),
        generated_pictures.with_comment(generated_pictures.wide(unknown)),
    ):
        assert generated_pictures.read(content) == {"unread": "soft charcoal"}


def test_objects_are_searched_however_damaged_they_are() -> None:
    assert generated_pictures.read(with_texts({"parameters": "{brush: soft charcoal"})) == {
        "unread": "{brush: soft charcoal"
    }
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    packet = generated_pictures.xmp("", f'iptcExt:DigitalSourceType="{source}"')
    texts = {"XML:com.adobe.xmp": packet, "service": json.dumps({"brush": "soft charcoal"})}
    found = generated_pictures.read(with_texts(texts))
    assert (found["type"], found["unread"]) == ("inference-txt2img", "soft charcoal")


def test_texts_beside_understood_ones_are_searched() -> None:
    texts = {"parameters": "a fox\nSteps: 5, Seed: 7", "Studio note": "the grumpy heron"}
    found = generated_pictures.read(with_texts(texts))
    assert (found["prompt"], found["seed"]) == ("a fox", "7")
    assert "the grumpy heron" in found["unread"]


def test_unread_texts_are_bounded() -> None:
    long = {f"note {n}": f"word{n} " * 1000 for n in range(50)}
    assert len(generated_pictures.read(with_texts(long))["unread"]) <= settings.MAX_UNREAD


@pytest.mark.parametrize(
    "texts",
    [
        {"Software": "GIMP", "date:create": "2024-01-01T00:00:00", "Title": "a day"},
        {"Raw profile type exif": "exif\n 8\n4d4d002a"},
        {"exif:ExifVersion": "two hundred"},
    ],
)
def test_technical_texts_are_not_searched(texts: dict[str, str]) -> None:
    assert generated_pictures.read(with_texts(texts)) == {}


def test_hidden_texts_are_read_where_the_others_are_of_no_maker() -> None:
    image = generated_files.hidden("stealth_pnginfo", b"a fox\nSteps: 5, Seed: 7")
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "Created with GIMP")
    content = sample_files.encoded(image, pnginfo=info)
    assert generated_pictures.read(content)["seed"] == "7"


@pytest.mark.parametrize("depth", [50, 900, 100_000])
def test_objects_within_each_other_are_no_trouble(depth: int) -> None:
    nested = '{"prompt": "a fox", "workflow": ' + '{"a": ' * depth + "1" + "}" * depth + "}"
    for place in ("UserComment", "parameters", "Comment", "invokeai_metadata"):
        assert isinstance(parameters.parse({place: nested}), dict)
        assert isinstance(sources.unread({place: nested}, {}), str)


def test_large_objects_are_left_to_the_reader_of_graphs() -> None:
    large = json.dumps({"prompt": "a fox", "steps": 5, "rest": "x" * fields.MAX_TEXT})
    assert parameters.parse({"UserComment": large}) == {}


@pytest.mark.parametrize("text", ["紫色的刺猬", "фиолетовый ёж", "hérisson", "día"])
def test_texts_of_a_png_may_be_utf8_where_latin1_is_due(text: str) -> None:
    """As programs write them that do not know `iTXt`."""
    info = PngImagePlugin.PngInfo()
    info.add(b"tEXt", b"parameters\0" + f"{text}\nSteps: 5, Seed: 7".encode())
    content = sample_files.encoded(sample_files.picture(), pnginfo=info)
    assert generated_pictures.read(content)["prompt"] == text


def test_texts_of_a_png_in_latin1_stay_as_they_are() -> None:
    info = PngImagePlugin.PngInfo()
    info.add(b"tEXt", b"parameters\0" + "un hérisson\nSteps: 5, Seed: 7".encode("latin-1"))
    content = sample_files.encoded(sample_files.picture(), pnginfo=info)
    assert generated_pictures.read(content)["prompt"] == "un hérisson"
