"""Texts of SVG, 3D models, PDF, raw photographs and design files."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.formats.metadata import file_texts, model_texts, svg_texts
from tests.support import sample_files
from tests.support.descriptions import document
from tests.support.metadata_blocks import exif_block, in_languages, packet

SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 40" aria-label="A crest"
 xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:cc="http://creativecommons.org/ns#"
 xmlns:dc="http://purl.org/dc/elements/1.1/">{}<rect width="60" height="40" fill="teal"/></svg>"""
WORK = """<metadata><rdf:RDF><cc:Work rdf:about=""><dc:title>Heraldic heron</dc:title>
<dc:creator><cc:Agent><dc:title>Ada</dc:title></cc:Agent></dc:creator>
<dc:rights><cc:Agent><dc:title>CC0</dc:title></cc:Agent></dc:rights>
<dc:description>A bird</dc:description><dc:date>2019-06-24</dc:date>
<dc:subject><rdf:Bag><rdf:li>heraldry</rdf:li><rdf:li>bird</rdf:li></rdf:Bag></dc:subject>
</cc:Work></rdf:RDF></metadata>"""


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<title>Heron</title><desc>On one\n leg</desc>",
         {"name": "Heron", "description": "On one leg"}),
        ("<g><title>Beak</title></g>", {"description": "Beak"}),
        ("<text x='1'>Grüße <tspan>aus</tspan> Köln</text><text>Grüße aus Köln</text>",
         {"text": "Grüße aus Köln"}),
        (WORK, {"name": "Heraldic heron", "description": "A bird", "tags": ("heraldry", "bird"),
                "dates": {"tags": "2019-06-24T00:00:00.000Z"},
                "author": "Ada", "license": "CC0", "metadata": {"copyright": "CC0"}}),
        ("<metadata xmlns:cc='http://creativecommons.org/ns#'><cc:license rdf:resource="
         "'http://creativecommons.org/publicdomain/zero/1.0/'/></metadata>",
         {"license": "CC0 1.0"}),
        ("<g inkscape:label='Feathers'/>", {"metadata": {"labels": "Feathers"}}),
    ],
)  # fmt: skip
def test_texts_of_an_svg(inside: str, expected: dict[str, Any]) -> None:
    found = svg_texts.read(SVG.format(inside))
    labels = found.get("metadata", {}).pop("labels").removeprefix("A crest").removeprefix("; ")
    if labels:
        found["metadata"]["labels"] = labels
    elif not found["metadata"]:
        del found["metadata"]
    assert found == expected


def test_the_title_of_an_eps_is_its_name(tmp_path: Path) -> None:
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\r%%Title: (Heron \\(old\\).eps)\r%%BoundingBox: 0 0 9 9\r"
    sample_files.fill(tmp_path, {"a.eps": eps, "b.eps": eps.replace(b"%%Title", b"%Title")})
    assert document(tmp_path, "a.eps").name == "Heron (old)"
    assert document(tmp_path, "b.eps").name == "b"


@pytest.mark.parametrize("picture", [True, False])
def test_the_information_about_a_document_of_krita(tmp_path: Path, *, picture: bool) -> None:
    about = """<?xml version="1.0"?><!DOCTYPE document-info PUBLIC "-//KDE//DTD" "x.dtd">
        <document-info><about><title>Heron &amp; fish</title><subject></subject>
        <abstract><![CDATA[On one leg]]></abstract><keyword>bird, marsh</keyword>
        <license>CC BY-SA</license>
        <creation-date>2019-06-24T13:57:33</creation-date></about>
        <author><full-name>Ada</full-name></author></document-info>"""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mimetype", "application/x-krita")
        archive.writestr("documentinfo.xml", about)
        if picture:
            archive.writestr("mergedimage.png", sample_files.png())
    sample_files.fill(tmp_path, {"a.kra": content.getvalue()})
    found = document(tmp_path, "a.kra")
    assert (found.name, found.description) == ("Heron & fish", "On one leg")
    assert {"bird", "marsh"} <= set(found.tags)
    assert (found.author, found.license) == ("Ada", "CC BY-SA")
    assert found.createdAt == "2019-06-24T13:57:33.000Z"


def test_xmp_in_an_svg() -> None:
    words = packet(in_languages("dc:title", x_default="Ferry", de_DE="Fähre")).decode()
    start, end = words.index("<x:xmpmeta"), words.index("<?xpacket end")
    markup = (
        f'<svg xmlns="http://www.w3.org/2000/svg"><metadata>{words[start:end]}</metadata></svg>'
    )
    assert svg_texts.read(markup) == {"name": "Ferry", "metadata": {"translations": "Fähre"}}


def test_an_svg_is_found_by_what_is_written_in_it(tmp_path: Path) -> None:
    content = SVG.format("<title>Жук</title><text y='20'>haunted house</text>").encode()
    sample_files.fill(tmp_path, {"a.svg": content, "b.svgz": gzip.compress(content)})
    for name in ("a.svg", "b.svgz"):
        asset = document(tmp_path, name)
        assert (asset.name, asset.text) == ("Жук", "haunted house")


GLTF = {
    "asset": {"version": "2.0", "copyright": "(c) Ada", "extras": {"title": "Lantern of Köln",
              "license": "CC-BY-NC-4.0 (http://creativecommons.org/licenses/by-nc/4.0/)",
              "author": "Ada", "tags": ["lamp", "night"], "deep": [[{"note": "brass"}]]}},
    "scenes": [{"name": "Scene"}, {"name": "Lantern_Post"}],
    "nodes": [{"name": "Chain.001", "extras": {"prop": "rusty"}}, {"name": 7}, 3],
    "meshes": [{"name": "Mesh", "primitives": []}],
    "materials": [{"name": "Verdigris"}],
    "animations": "none",
}  # fmt: skip


def glb(described: object) -> bytes:
    """Return a GLB with this JSON alone."""
    text = json.dumps(described).encode()
    text += b" " * (-len(text) % 4)
    size = struct.pack("<III", 2, 20 + len(text), len(text))
    return b"glTF" + size + b"JSON" + text


@pytest.mark.parametrize("kind", ["model/gltf+json", "model/gltf-binary"])
def test_names_and_copyright_of_a_gltf(kind: str) -> None:
    content = json.dumps(GLTF).encode() if kind == "model/gltf+json" else glb(GLTF)
    assert model_texts.read(io.BytesIO(content), kind) == {
        "name": "Lantern of Köln",
        "author": "Ada",
        "license": "CC BY-NC 4.0",
        "tags": ("lamp", "night"),
        "metadata": {
            "copyright": "(c) Ada", "note": "brass", "extras": "rusty",
            "parts": "Lantern_Post, Chain.001, Verdigris",
        },
    }  # fmt: skip


def test_a_model_is_found_by_the_names_of_its_parts(tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {"a.glb": glb(GLTF)})
    found = document(tmp_path, "a.glb")
    assert (found.name, found.metadata["parts"]) == (
        "Lantern of Köln", "Lantern_Post, Chain.001, Verdigris",
    )  # fmt: skip


PDF = (
    b"%PDF-1.4\n1 0 obj\n<< /Title (Not this) >>\nendobj\n7 0 obj\n<<"
    b" /Title <FEFF04160443043A> /Author (Ada \\(A.\\) M\\374ller) /Keywords (bell, chapel)"
    b" /CreationDate (D:20190624155733+02'00') >>\nendobj\ntrailer << /Info 7 0 R >>\n%%EOF"
)


def test_the_information_of_a_pdf() -> None:
    assert file_texts.read(io.BytesIO(PDF)) == {
        "name": "Жук",
        "tags": ("bell", "chapel"),
        "author": "Ada (A.) Müller",
        "dates": {"tags": "2019-06-24T13:57:33.000Z"},
    }
    assert file_texts.read(io.BytesIO(PDF.replace(b"/Info 7", b"/Info 8"))) == {}


def test_xmp_of_any_file_and_exif_of_raw_photographs() -> None:
    words = packet(in_languages("dc:title", x_default="Ferry"))
    assert file_texts.read(io.BytesIO(b"%!PS-Adobe\n" + words)) == {"name": "Ferry"}
    raw = exif_block({0x010E: (2, b"A heron\0")}, {0x9003: (2, b"2019:06:24 13:57:33\0")})[6:]
    assert file_texts.read(io.BytesIO(raw + b"\0" * 99)) == {
        "description": "A heron",
        "dates": {"exif": "2019-06-24T13:57:33.000Z"},
    }


def test_a_damaged_picture_keeps_its_texts(tmp_path: Path) -> None:
    words = packet(in_languages("dc:title", x_default="Ferry"))
    sample_files.fill(tmp_path, {"a.psd": b"8BPS" + b"\0" * 30 + words})
    found = document(tmp_path, "a.psd")
    assert (found.name, "damaged" in found.tags) == ("Ferry", True)


@given(st.binary(max_size=300), st.text(max_size=200))
def test_any_file_is_read(noise: bytes, words: str) -> None:
    for head in (b"", b"%PDF-1.4 /Info 1 0 R 1 0 obj", b"II*\0\x08\0\0\0", b"<x:xmpmeta"):
        assert isinstance(file_texts.read(io.BytesIO(head + noise)), dict)
    assert isinstance(svg_texts.read(SVG.format(words)), dict)
    for kind in ("model/gltf+json", "model/gltf-binary"):
        assert isinstance(model_texts.read(io.BytesIO(b"glTF" + noise), kind), dict)
        assert isinstance(model_texts.read(io.BytesIO(json.dumps(words).encode()), kind), dict)
