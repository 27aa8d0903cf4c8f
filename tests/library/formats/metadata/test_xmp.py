"""XMP: which properties become which fields."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.formats.metadata import xmp
from tests.support.metadata_blocks import in_languages, listed, packet

HIERARCHY = (
    '<mwg-kw:Keywords rdf:parseType="Resource"><mwg-kw:Hierarchy><rdf:Bag>'
    '<rdf:li rdf:parseType="Resource"><mwg-kw:Keyword>Animals</mwg-kw:Keyword><mwg-kw:Children>'
    '<rdf:Bag><rdf:li mwg-kw:Keyword="Kingfisher"/></rdf:Bag></mwg-kw:Children></rdf:li>'
    "</rdf:Bag></mwg-kw:Hierarchy></mwg-kw:Keywords>"
)
REGIONS = (
    '<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag><rdf:li>'
    '<rdf:Description mwg-rs:Name="Ottoline" mwg-rs:Type="Face"/></rdf:li></rdf:Bag>'
    "</mwg-rs:RegionList></mwg-rs:Regions>"
)
ACDSEE = (
    '<acdsee:categories>&lt;Categories&gt;&lt;Category Assigned="1"&gt;Kingfisher'
    "&lt;/Category&gt;&lt;/Categories&gt;</acdsee:categories>"
)


@pytest.mark.parametrize(
    ("inside", "tags"),
    [
        (listed("dc:subject", "harbour", "dawn; boats"), ("harbour", "dawn", "boats")),
        (listed("dc:subject", "harbour", kind="Seq"), ("harbour",)),
        ("<dc:subject>harbour</dc:subject>", ("harbour",)),
        (listed("lr:hierarchicalSubject", "Animals|Birds|Kingfisher"),
         ("Animals", "Birds", "Kingfisher")),
        (listed("digiKam:TagsList", "Places/Norway/Bergen", kind="Seq"),
         ("Places", "Norway", "Bergen")),
        (listed("MicrosoftPhoto:LastKeywordXMP", "Trees/Oak"), ("Trees", "Oak")),
        (HIERARCHY, ("Animals", "Kingfisher")),
        (REGIONS, ("Ottoline",)),
        (ACDSEE, ("Kingfisher",)),
        (listed("Iptc4xmpExt:PersonInImage", "Ada"), ("Ada",)),
        (listed("lr:hierarchicalSubject", "darktable|format|jpg", "Birds|Heron"),
         ("Birds", "Heron")),
        (listed("dc:subject", "Vögel") + listed("lr:hierarchicalSubject", "Vo\u0308gel|Eule"),
         ("Vögel", "Eule")),
    ],
)  # fmt: skip
def test_keywords_of_every_program_are_tags(inside: str, tags: tuple[str, ...]) -> None:
    assert xmp.fields(packet(inside)) == {"tags": tags}


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        ({"x_default": "Harbour morning", "de_DE": "Hafenmorgen"}, "Harbour morning"),
        ({"de_DE": "Hafenmorgen", "x_default": "Harbour morning"}, "Harbour morning"),
        ({"fr_FR": "Matin", "en_GB": "Harbour morning", "de_DE": "Hafen"}, "Harbour morning"),
        ({"fr_FR": "Matin au port", "de_DE": "Hafenmorgen"}, "Matin au port"),
        ({"x_default": " ", "de_DE": "Hafenmorgen"}, "Hafenmorgen"),
    ],
)
def test_one_of_several_languages_is_chosen(texts: dict[str, str], name: str) -> None:
    fields = xmp.fields(packet(in_languages("dc:title", **texts)))
    others = [text for text in texts.values() if text.strip() and text != name]
    assert fields["name"] == name
    assert fields.get("metadata", {}) == ({"translations": "; ".join(others)} if others else {})


def test_characters_that_xml_does_not_allow_cost_only_themselves() -> None:
    stated = packet(listed("dc:subject", "harbour", "A & B\x01", "C &amp; D", "&nbsp;E"))
    assert xmp.fields(stated)["tags"] == ("harbour", "A & B", "C & D", "&nbsp", "E")


@pytest.mark.parametrize(
    ("inside", "attributes", "fields"),
    [
        ("", 'xmp:Rating="4" xmp:Label="Red"', {"metadata": {"label": "Red", "rating": 4}}),
        ("<xmp:Rating>-1</xmp:Rating>", "", {"metadata": {"rating": -1}}),
        ("", 'MicrosoftPhoto:Rating="75"', {"metadata": {"rating": 4}}),
        ("", 'xmp:Rating="many" xmp:Label="Red"', {"metadata": {"label": "Red"}}),
        ("", 'photoshop:Headline="Storm"',
         {"description": "Storm", "metadata": {"headline": "Storm"}}),
        (in_languages("dc:description", x_default="Boats"), 'photoshop:Headline="Storm"',
         {"description": "Boats", "metadata": {"headline": "Storm"}}),
        (listed("dc:creator", "Ada", "Bo", kind="Seq"), 'photoshop:City="Oslo"',
         {"author": "Ada; Bo", "metadata": {"location": "Oslo"}}),
        (in_languages("xmpRights:UsageTerms", x_default="Editorial use only"),
         'xmpRights:WebStatement="https://example.com/terms"', {"license": "Editorial use only"}),
        ('<cc:license rdf:resource="http://creativecommons.org/licenses/by-sa/4.0/"/>'
         + in_languages("dc:rights", x_default="(c) Ada"), "",
         {"license": "CC BY-SA 4.0", "metadata": {"copyright": "(c) Ada"}}),
        ("", 'xmpRights:WebStatement="https://creativecommons.org/publicdomain/zero/1.0/"',
         {"license": "CC0 1.0"}),
        (in_languages("dc:rights", x_default="(c) Ada, all rights reserved"), "",
         {"metadata": {"copyright": "(c) Ada, all rights reserved"}}),
        ("<unknown:title>x</unknown:title>", "", {}),
        # A title within a structure is that of something else.
        ("<unknown:Ingredients><rdf:Bag><rdf:li><rdf:Description><dc:title>x</dc:title>"
         "</rdf:Description></rdf:li></rdf:Bag></unknown:Ingredients>", "", {}),
    ],
)  # fmt: skip
def test_other_properties(inside: str, attributes: str, fields: dict[str, Any]) -> None:
    assert xmp.fields(packet(inside, attributes)) == fields


@pytest.mark.parametrize(
    ("attributes", "date"),
    [
        ('xmp:CreateDate="2020-01-01T00:00:00Z" exif:DateTimeOriginal="2019-06-24T15:57:33+02:00"',
         "2019-06-24T13:57:33.000Z"),
        ('photoshop:DateCreated="2019-06-24" xmp:ModifyDate="2021-01-01"',
         "2019-06-24T00:00:00.000Z"),
        ('exif:DateTimeOriginal="0000-00-00T00:00:00" xmp:CreateDate="2019-06-24T13:57:33"',
         "2019-06-24T13:57:33.000Z"),
    ],
)  # fmt: skip
def test_the_first_date_that_is_set_counts(attributes: str, date: str) -> None:
    assert xmp.fields(packet("", attributes)) == {"dates": {"xmp": date}}


def test_what_comes_before_the_damage_is_read() -> None:
    whole = packet(listed("dc:subject", "harbour") + listed("dc:creator", "Ada"))
    cut = whole[: whole.index(b"<dc:creator>") + 14]
    assert xmp.fields(cut) == {"tags": ("harbour",)}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1252"])
def test_other_encodings_are_read(encoding: str) -> None:
    text = packet(listed("dc:subject", "Käfer")).decode().replace("\ufeff", "")
    assert xmp.fields(text.encode(encoding)) == {"tags": ("Käfer",)}


@pytest.mark.parametrize("before", [b"", b"x" * 5_000_000])
def test_a_packet_is_found_in_a_file(before: bytes) -> None:
    found = xmp.scan(io.BytesIO(before + packet(listed("dc:subject", "harbour")) + b"\0" * 99))
    assert found is not None
    assert xmp.fields(found) == {"tags": ("harbour",)}
    assert xmp.scan(io.BytesIO(before)) is None


@given(st.binary(max_size=200), st.integers(0, 1500), st.integers(0, 300))
def test_any_packet_is_read_or_refused(noise: bytes, at: int, cut: int) -> None:
    whole = packet(HIERARCHY + in_languages("dc:title", de="x"), 'xmp:Rating="3"')
    for raw in (noise, whole[:at] + noise + whole[at + cut :]):
        try:
            assert isinstance(xmp.fields(raw), dict)
        except ValueError as refused:
            assert "\n" not in str(refused)  # noqa: PT017 - most inputs are refused
