"""Changing XMP: what others have written stays, and exiftool and Akin read the result."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.formats.metadata import xmp
from library.ingest.sidecars.xmp_packet import Packet
from library.schema.fields import folded
from tests.support.metadata_blocks import in_languages, listed, packet

if TYPE_CHECKING:
    from pathlib import Path

OTHERS = (
    '<photoshop:City>Köln &amp; "Deutz"</photoshop:City><!-- a comment -->'
    + listed("lr:hierarchicalSubject", "places|river")
    + "<unknown:Steps rdf:parseType='Resource'><unknown:one unknown:two='a&#10;b'/></unknown:Steps>"
)


def _with(tags: dict[str, str | None], raw: bytes | None = None, **values: str | None) -> bytes:
    changed = Packet(raw)
    for name, value in values.items():
        changed.set_value(name.replace("_", ":"), value)
    changed.set_keywords(tags)
    return changed.content()


def test_a_new_packet_is_read_back() -> None:
    content = _with({"a": "a, b", "c": '"C" 🐉'}, xmp_Rating="4", xmp_Label="pick",
                    dc_title="Fog <& mist>", dc_description="one\ntwo")  # fmt: skip
    found = xmp.fields(content)
    assert found["tags"] == ("a, b", '"C" 🐉')
    assert (found["name"], found["description"]) == ("Fog <& mist>", "one\ntwo")
    assert found["metadata"] == {"rating": 4, "label": "pick"}


@pytest.mark.parametrize(
    "raw",
    [
        packet(OTHERS + listed("dc:subject", "Old", "kept"), 'xmp:Rating="2" xmp:Label="Red"'),
        packet(OTHERS + "<xmp:Rating>2</xmp:Rating>" + listed("dc:subject", "old", kind="Seq")),
        packet(OTHERS).replace(b"rdf:", b"r:").replace(b":rdf=", b":r="),
        packet(OTHERS).decode().encode("utf-8-sig"),
        b"\xff\xfe" + packet(OTHERS).decode().encode("utf-16-le"),
    ],
)
def test_all_other_properties_stay(raw: bytes) -> None:
    changed = _with({"new": "new", "old": None}, raw, xmp_Rating="5", xmp_Label=None)
    before, after = xmp.properties(raw), xmp.properties(changed)
    ours = {"dc:subject", "xmp:Rating", "xmp:Label"}
    assert {k: v for k, v in after.items() if k not in ours} == {
        k: v for k, v in before.items() if k not in ours
    }
    kept = [text for _, text in before.get("dc:subject", []) if text.lower() != "old"]
    assert [text for _, text in after["dc:subject"]] == [*kept, "new"]
    assert after["xmp:Rating"] == [("", "5")]
    assert "xmp:Label" not in after
    text = changed.decode("utf-16" if raw[:1] == b"\xff" else "utf-8-sig")
    assert "a&#10;b" in text
    assert "<!-- a comment -->" in text
    assert text.startswith(raw[:20].decode("utf-16" if raw[:1] == b"\xff" else "utf-8-sig")[:9])


def test_the_default_language_is_set_and_the_others_stay() -> None:
    raw = packet(in_languages("dc:title", de_DE="Nebel", x_default="Fog"))
    found = xmp.properties(_with({}, raw, dc_title="Mist"))
    assert found["dc:title"] == [("de-de", "Nebel"), ("x-default", "Mist")]
    found = xmp.properties(_with({}, packet(in_languages("dc:title", de_DE="X")), dc_title="Y"))
    assert sorted(found["dc:title"]) == [("de-de", "X"), ("x-default", "Y")]


def test_the_lists_of_digikam_follow() -> None:
    raw = packet(listed("digiKam:TagsList", "Places/Köln", "old") + listed("dc:subject", "old"))
    found = xmp.properties(_with({"old": None, "new": "new"}, raw))
    assert [text for _, text in found["digiKam:TagsList"]] == ["Places/Köln", "new"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not XMP",
        packet("<dc:format>")[:-40],
        packet("<dc:title>x</dc:subject>"),
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + packet(""),
        packet("<xmp:Rating>&unknown;</xmp:Rating>"),
        packet("K\u00f6ln").replace("\u00f6".encode(), b"\xf6"),
        packet("<a>" * 120 + "</a>" * 120),
        packet("<dc:x>\x01</dc:x>"),
    ],
)  # fmt: skip
def test_what_is_no_whole_xmp_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Packet(raw)


_TEXT = st.text(min_size=1, max_size=500).map(str.strip).filter(bool)


@given(tags=st.lists(_TEXT, max_size=5), title=_TEXT)
def test_any_text_makes_a_packet_that_can_be_changed_again(tags: list[str], title: str) -> None:
    wanted: dict[str, str | None] = {folded(tag): tag for tag in tags if folded(tag)}
    once = _with(wanted, dc_title=title)
    again = Packet(once)
    again.set_value("dc:title", title)
    again.set_keywords(wanted)
    assert not again.is_changed
    assert len(again.keywords()) == len(wanted)
    again.set_keywords(dict.fromkeys(map(folded, again.keywords())))
    assert again.keywords() == []


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_reads_the_same(tmp_path: Path) -> None:
    tags = ["a, b", "\"quoted\" 'x'", "dragon 🐉", "x" * 500, "<&>"]
    wanted: dict[str, str | None] = {folded(tag): tag for tag in tags}
    raw = packet(OTHERS, 'xmp:Rating="2"')
    (tmp_path / "a.xmp").write_bytes(
        _with(
            wanted, raw, xmp_Rating="-1", xmp_Label="pick", dc_title="Köln", dc_description="é\nü"
        )
    )
    (tmp_path / "before.xmp").write_bytes(raw)
    after, before = _exiftool(tmp_path / "a.xmp"), _exiftool(tmp_path / "before.xmp")
    assert after.pop("Subject") == tags
    assert (after.pop("Rating"), after.pop("Label")) == (-1, "pick")
    assert (after.pop("Title"), after.pop("Description")) == ("Köln", "é\nü")
    assert before.pop("Rating") == 2
    assert after == before
    assert after["City"] == 'Köln & "Deutz"'


def _exiftool(path: Path) -> dict[str, Any]:
    command = ["exiftool", "-json", "-struct", "-XMP:all", "-validate", "-warning", str(path)]
    run = subprocess.run(command, capture_output=True, check=True)
    (found,) = json.loads(run.stdout)
    return {k: v for k, v in found.items() if k != "SourceFile"}
