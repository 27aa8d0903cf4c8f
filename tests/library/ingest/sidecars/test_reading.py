"""Sidecars: JSON, captions and XMP beside a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.formats.metadata import xmp
from library.ingest.describe import Unusable
from library.ingest.sidecars import reading as sidecars
from library.ingest.walk import walk
from tests.support import sample_files
from tests.support.descriptions import described, document


def test_sidecars_describe_their_picture_and_are_no_assets(tmp_path: Path) -> None:
    content = {
        "id": "asset_mirrored1",
        "tags": ["keep", "tower"],
        "nsfw": ["suggestive"],
        "createdAt": "2024-05-06T07:08:09+02:00",
        "metadata": {
            "prompt": "a tower",
            "seed": 12,
            "guidance": "7",
            "width": 9999,
            "mood": "calm",
            "loras": ["ink"],
        },
        "kind": "video",
        "privacy": "everyone",
    }
    sample_files.fill(
        tmp_path,
        {
            "castle.png": sample_files.png(),
            "castle.json": json.dumps(content).encode(),
            "boat.png": sample_files.png("navy"),
            "boat.png.txt": b"A small boat on a calm sea",
            "fox.jpg": sample_files.encoded(sample_files.picture("orange"), "JPEG"),
            "fox.txt": b"1girl, red_hair, forest",
            "readme.txt": b"no picture has this name",
        },
    )
    result = walk(tmp_path, lambda *_: None)
    assert [file.path for file in result.files] == [
        "boat.png",
        "castle.png",
        "fox.jpg",
        "readme.txt",
    ]
    castle = described(tmp_path, "castle.png")
    asset = castle.document("asset_x")
    assert castle.sidecar_id == "asset_mirrored1"
    assert {
        "tags": asset.tags, "nsfw": asset.nsfw, "prompt": asset.prompt,
        "seed": asset.seed, "guidance": asset.guidance, "width": asset.width,
        "kind": asset.kind, "privacy": asset.privacy, "metadata": asset.metadata,
        "createdAt": asset.createdAt, "loras": asset.loras,
    } == {
        "tags": ("castle", "keep", "tower"), "nsfw": ("suggestive",), "prompt": "a tower",
        "seed": "12", "guidance": 7.0, "width": 96, "kind": "image", "privacy": "private",
        "metadata": {"mood": "calm"}, "createdAt": "2024-05-06T05:08:09.000Z",
        "loras": ("ink",),
    }  # fmt: skip
    assert document(tmp_path, "boat.png").description == "A small boat on a calm sea"
    assert document(tmp_path, "fox.jpg").tags == ("fox", "1girl", "red hair", "forest")


def test_impossible_numbers_of_a_sidecar_are_ignored() -> None:
    fields = sidecars.from_metadata(
        {"guidance": float("nan"), "numInferenceSteps": 10**30, "huge": 10**400, "fits": 7.5}
    )
    assert fields == {"metadata": {"fits": 7.5}}
    assert sidecars.from_metadata({"guidance": "7.5", "numInferenceSteps": 30}) == {
        "guidance": 7.5,
        "numInferenceSteps": 30,
    }


def test_a_changed_sidecar_changes_the_stamp_of_its_picture(tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {"a.png": sample_files.png(), "a.txt": b"one"})
    (before,) = walk(tmp_path, lambda *_: None).files
    sample_files.fill(tmp_path, {"a.txt": b"another"})
    (after,) = walk(tmp_path, lambda *_: None).files
    assert before.stamp != after.stamp
    assert before.mtime_ns == after.mtime_ns


@pytest.mark.parametrize(
    ("content", "name", "metadata"),
    [
        ({"title": "Queen Bee"}, "Queen Bee", {}),
        ({"title": " Queen\n Bee "}, "Queen Bee", {}),
        ({"metadata": {"title": "Queen Bee"}}, "Queen Bee", {}),
        ({"name": "Bee", "title": "Queen Bee"}, "Bee", {"title": "Queen Bee"}),
        ({"title": " "}, "bee", {"title": " "}),
        ({"title": 7}, "bee", {"title": 7}),
        ({"name": ""}, "bee", {}),
        ({"name": " \n"}, "bee", {}),
        ({"name": ["Bee"]}, "bee", {}),
        ({"name": " ", "title": "Queen Bee"}, "Queen Bee", {}),
        ({"name": {}, "title": "Queen Bee"}, "Queen Bee", {}),
        ({"name": " Bee\n", "title": "Queen Bee"}, "Bee", {"title": "Queen Bee"}),
    ],
)
def test_a_sidecar_names_its_picture(
    content: dict[str, Any], name: str, metadata: dict[str, Any], tmp_path: Path
) -> None:
    sample_files.fill(
        tmp_path, {"bee.png": sample_files.png(), "bee.json": json.dumps(content).encode()}
    )
    asset = document(tmp_path, "bee.png")
    assert (asset.name, asset.metadata) == (name, metadata)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.json", b'{"title": "x"', "is no JSON (Expecting ',' delimiter in line 1, column 14)"),
        ("a.ppm.json", b"[1]", "is no JSON object"),
        ("a.json", b"[" * 200_000, "is nested too deeply"),
        ("a.txt", b"x" * 1_048_577, "is larger than a megabyte"),
        ("a.xmp", b"<nothing/>", "is no XMP"),
        ("a.xmp", b"<x:xmpmeta></x:xmpmeta>", "is broken XMP"),
    ],
)
def test_a_sidecar_that_cannot_be_read_is_reported_and_is_no_asset(
    name: str, content: bytes, why: str, tmp_path: Path
) -> None:
    owner = "a.ppm" if "ppm" in name else "a.png"
    form = "PPM" if "ppm" in name else "PNG"
    picture = sample_files.encoded(sample_files.picture().convert("RGB"), form)
    sample_files.fill(tmp_path, {owner: picture, name: content})
    assert [file.path for file in walk(tmp_path, lambda *_: None).files] == [owner]
    reason = f"{why}; the file that it belongs to is read without it"
    assert described(tmp_path, owner).unread == ((name, reason),)


XMP = b"""<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4">
 <dc:subject><rdf:Bag><rdf:li>harbour</rdf:li><rdf:li>dawn</rdf:li></rdf:Bag></dc:subject>
 <dc:description><rdf:Alt><rdf:li xml:lang="x-default">Boats at dawn</rdf:li></rdf:Alt>
 </dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"""


def test_xmp_is_read_inside_pictures_and_from_sidecars(tmp_path: Path) -> None:
    sample_files.fill(
        tmp_path,
        {
            "in.webp": sample_files.encoded(sample_files.picture(), "WEBP", xmp=XMP),
            "by.png": sample_files.png(),
            "by.xmp": XMP,
        },
    )
    for name in ("in.webp", "by.png"):
        asset = document(tmp_path, name)
        assert asset.tags[-2:] == ("harbour", "dawn")
        assert (asset.description, asset.metadata) == ("Boats at dawn", {"rating": 4})


@pytest.mark.parametrize("name", ["a.json", "a.txt", "a.xmp"])
@given(
    content=st.binary(max_size=200) | st.sampled_from([b"[" * 5000, b'{"tags": [' * 3000, b"null"])
)
def test_any_sidecar_is_read_or_reported(
    name: str, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("s")
    sample_files.fill(folder, {name: content})
    with (folder / name).open("rb") as file:
        fields, unread = sidecars.read([(name, file)])
    assert isinstance(fields, dict)
    assert [path for path, _ in unread] in ([], [name])


def test_xml_with_declarations_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + XMP
    with pytest.raises(ValueError, match="declarations"):
        xmp.read(bomb)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("Ein Käfer".encode("cp1252"), "Ein Käfer"),
        ("Ein Käfer".encode("utf-16"), "Ein Käfer"),
        ("Ein Käfer".encode("utf-16-le"), "Ein Käfer"),
        ("Жук на листе".encode("cp1251"), "Жук на листе"),
        ("カブトムシの写真".encode("cp932"), "カブトムシの写真"),
        ("月亮代表我的心".encode("gb18030"), "月亮代表我的心"),
        ("Cafe\u0301".encode(), "Café"),
    ],
)
@pytest.mark.parametrize("suffix", [".txt", ".TXT", ".caption", ".Caption", ".description"])
def test_a_caption_is_read_in_the_encoding_that_it_has(
    content: bytes, found: str, suffix: str, tmp_path: Path
) -> None:
    sample_files.fill(tmp_path, {"bug.png": sample_files.png(), f"bug{suffix}": content})
    assert [file.path for file in walk(tmp_path, lambda *_: None).files] == ["bug.png"]
    with (tmp_path / f"bug{suffix}").open("rb") as file:
        fields, unread = sidecars.read([(f"bug{suffix}", file)])
    assert (fields, unread) == ({"description": found}, [])


def test_json_in_a_windows_encoding_is_read(tmp_path: Path) -> None:
    content = '{"name": "Grüße aus Köln", "keywords": "Dom, Rhein; Brücke"}'.encode("cp1252")
    sample_files.fill(tmp_path, {"a.png": sample_files.png(), "A.PNG.JSON": content})
    asset = document(tmp_path, "a.png")
    assert (asset.name, asset.tags) == ("Grüße aus Köln", ("Dom", "Rhein", "Brücke"))


@pytest.mark.parametrize(
    ("stated", "author", "licence"),
    [
        ({"artist": "Ada", "license": "CC-BY-4.0"}, "Ada", "CC BY 4.0"),
        ({"Creator": ["Ada", "Bo"], "UsageTerms": "Editorial use only"}, "Ada; Bo",
         "Editorial use only"),
        ({"author": {"name": "Ada"}, "license": {"label": "MIT", "url": "https://example.com"}},
         "Ada", "MIT"),
        ({"author": 7, "copyright": "(c) Ada, CC0"}, None, "CC0"),
        ({"license": [{}], "copyright": "(c) Ada"}, None, None),
    ],
)  # fmt: skip
def test_author_and_licence_in_json(
    tmp_path: Path, stated: dict[str, Any], author: str | None, licence: str | None
) -> None:
    content = json.dumps(stated).encode()
    sample_files.fill(tmp_path, {"a.png": sample_files.png(), "a.json": content})
    asset = document(tmp_path, "a.png")
    assert (asset.author, asset.license) == (author, licence)


def test_a_list_of_tags_beside_a_picture_is_its_tags(tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {"7.png": sample_files.png(), "7.tags": b"red_hair, forest\nsword"})
    assert document(tmp_path, "7.png").tags == ("red hair", "forest", "sword")


TAKEOUT = {
    "title": "IMG_3397.JPG",
    "description": "pagoda at dusk &amp; rain",
    "creationTime": {"timestamp": "1258549448"},
    "photoTakenTime": {"timestamp": "1258375918", "formatted": "16 Nov 2009, 12:51:58 UTC"},
    "geoData": {"latitude": 0.0, "longitude": 0.0},
    "geoDataExif": {"latitude": 30.6, "longitude": 104.0},
    "people": [{"name": "Grandma Ottoline"}, {}, 7],
    "favorited": True,
}


def test_takeout_states_date_description_people_and_place(tmp_path: Path) -> None:
    sample_files.fill(
        tmp_path,
        {
            "IMG_3397.JPG": sample_files.encoded(sample_files.picture(), "JPEG"),
            "IMG_3397.JPG.supplemental-metadata.json": json.dumps(TAKEOUT).encode(),
        },
    )
    asset = document(tmp_path, "IMG_3397.JPG")
    assert (asset.name, asset.description) == ("IMG_3397", "pagoda at dusk & rain")
    assert asset.createdAt == "2009-11-16T12:51:58.000Z"
    assert asset.tags == ("Grandma Ottoline",)
    assert asset.metadata == {"favorite": True, "latitude": 30.6, "longitude": 104.0}


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ({"timestamp": "-1577923200"}, "1920-01-01T00:00:00.000Z"),
        ({"timestamp": "0"}, "2009-11-18T13:04:08.000Z"),  # not known: when it was uploaded
        ({"timestamp": "soon"}, "2009-11-18T13:04:08.000Z"),
        ([], "2009-11-18T13:04:08.000Z"),
    ],
)
def test_a_date_of_takeout_that_is_not_known_costs_only_itself(
    taken: object, expected: str, tmp_path: Path
) -> None:
    content = json.dumps({**TAKEOUT, "photoTakenTime": taken}).encode()
    sample_files.fill(tmp_path, {"a.png": sample_files.png(), "a.png.json": content})
    asset = document(tmp_path, "a.png")
    assert (asset.createdAt, asset.description) == (expected, "pagoda at dusk & rain")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("made.txt", "a fox\nsteps: 20, sampler: ddim, seed: 7, model: ink"),
        ("made.txt", "Prompt: a fox\nSeed: 7\nStable Diffusion model: ink\nGuidance Scale: 6"),
        ("made.json", json.dumps({"prompt": "a fox", "seed": "7", "num_inference_steps": 20,
                                  "use_stable_diffusion_model": "models/ink.ckpt"})),
        ("made.png.json", json.dumps({"sui_image_params": {"prompt": "a fox", "seed": 7,
                                                           "steps": 20, "model": "ink"}})),
    ],
)  # fmt: skip
def test_parameters_that_makers_write_beside_a_picture_are_read(
    tmp_path: Path, name: str, content: str
) -> None:
    sample_files.fill(tmp_path, {"made.png": sample_files.png(), name: content.encode()})
    asset = document(tmp_path, "made.png")
    assert (asset.prompt, asset.seed, asset.modelId) == ("a fox", "7", "ink")
    assert asset.type == "inference-txt2img"


def test_a_caption_is_no_prompt(tmp_path: Path) -> None:
    caption = "The steps: twenty of them lead to the harbour. Model: a fishing boat"
    sample_files.fill(tmp_path, {"a.png": sample_files.png(), "a.txt": caption.encode()})
    asset = document(tmp_path, "a.png")
    assert (asset.description, asset.prompt, asset.type) == (caption, None, "uploaded")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_a_text_of_its_own_is_read_in_the_encoding_that_it_has(
    encoding: str, tmp_path: Path
) -> None:
    sample_files.fill(tmp_path, {"notes.txt": "Ein Käfer auf dem Blatt".encode(encoding)})
    assert document(tmp_path, "notes.txt").content == "Ein Käfer auf dem Blatt"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date", "2019-06-24 13:57:33"),  # gallery-dl
        ("created_at", "2019-06-24T15:57:33+02:00"),
        ("createdAt", "2019:06:24 13:57:33"),
        ("timestamp", 1561384653),
        ("created", 1561384653000),
    ],
)
def test_the_date_in_json_of_other_programs_counts(
    name: str, value: object, tmp_path: Path
) -> None:
    stated = {"title": "A boat", name: value}
    sample_files.fill(
        tmp_path, {"a.png": sample_files.png(), "a.json": json.dumps(stated).encode()}
    )
    assert document(tmp_path, "a.png").createdAt == "2019-06-24T13:57:33.000Z"


@pytest.mark.parametrize("value", [0, True, None, [], 1e400, "soon", "0000:00:00 00:00:00"])
def test_what_is_no_date_in_json_costs_only_itself(value: object, tmp_path: Path) -> None:
    stated = {"title": "A boat", "date": value, "upload_date": "20190624"}
    sample_files.fill(
        tmp_path, {"a.png": sample_files.png(), "a.json": json.dumps(stated).encode()}
    )
    found = document(tmp_path, "a.png")
    assert (found.name, found.createdAt) == ("A boat", "2019-06-24T00:00:00.000Z")


def test_json_of_other_programs_is_read(tmp_path: Path) -> None:
    exiftool = [{"SourceFile": "a.png", "Title": "Ferry", "Keywords": ["boat", 7],
                 "DateTimeOriginal": "2019:06:24 15:57:33+02:00", "Rating": 4}]  # fmt: skip
    other = {"description": "A boat", "tags": [{"tag": "boat"}, {"name": "sea"}, None, {}]}
    sample_files.fill(
        tmp_path,
        {
            "a.png": sample_files.png(), "a.json": json.dumps(exiftool).encode(),
            "b.png": sample_files.png(), "b.png.json": json.dumps(other).encode(),
        },
    )  # fmt: skip
    first, second = document(tmp_path, "a.png"), document(tmp_path, "b.png")
    assert (first.name, first.tags, first.createdAt) == (
        "Ferry", ("boat", "7"), "2019-06-24T13:57:33.000Z",
    )  # fmt: skip
    assert first.metadata["rating"] == 4
    assert (second.description, second.tags) == ("A boat", ("boat", "sea"))


@pytest.mark.parametrize(
    "content",
    [TAKEOUT, {"albumData": {"title": "Trip"}}, {"title": "x", "date": {"timestamp": "1"}}],
)
def test_a_file_of_takeout_without_its_photograph_is_no_asset(
    content: dict[str, Any], tmp_path: Path
) -> None:
    sample_files.fill(tmp_path, {"metadata.json": json.dumps(content).encode()})
    with pytest.raises(Unusable, match="describes photographs, which are not in its folder"):
        described(tmp_path, "metadata.json")
    sample_files.fill(tmp_path, {"other.json": b'{"date": "today", "title": "x"}'})
    assert document(tmp_path, "other.json").kind == "json"
