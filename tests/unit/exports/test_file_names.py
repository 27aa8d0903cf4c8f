"""File names: valid on every system, and unique."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.exports.file_names import UniqueNames, ending, file_name


@pytest.mark.parametrize(
    ("name", "suffix", "expected"),
    [
        ("castle", ".png", "castle.png"),
        ("castle.png", ".png", "castle.png"),
        ("Castle.PNG", ".png", "Castle.PNG"),
        ("photo.jpeg", ".jpg", "photo.jpeg"),
        ("castle.png", ".jpg", "castle.png.jpg"),
        ("../../etc/passwd", ".txt", "etc passwd.txt"),
        ("..\\..\\x", ".png", "x.png"),
        ('a<b>:"c"|d?*', "", "a b c d"),
        ("CON", ".png", "CON_.png"),
        ("con.png", ".png", "con_.png"),
        ("lpt1.tar", ".gz", "lpt1.tar_.gz"),
        ("console", ".png", "console.png"),
        ("name. . .", ".png", "name.png"),
        (".hidden", ".png", "hidden.png"),
        ("", ".png", "asset.png"),
        ("...", ".png", "asset.png"),
        ("a\u202egnp.exe", ".png", "a gnp.exe.png"),
        ("a\x00b\nc", ".png", "a b c.png"),
        ("城の竜", ".png", "城の竜.png"),
        ("v1.5 castle", "", "v1.5 castle"),
    ],
)
def test_a_name_becomes_valid_on_every_system(name: str, suffix: str, expected: str) -> None:
    """Without paths, device names and repeated endings."""
    assert file_name(name, suffix) == expected


@given(st.text(max_size=400), st.sampled_from(["", ".png", ".jpg"]))
def test_any_text_becomes_a_name(name: str, suffix: str) -> None:
    """For any title of an asset."""
    found = file_name(name, suffix)
    assert found
    assert len(found.encode()) <= 255
    assert not re.search(r'[/\\:*?"<>|\x00-\x1f]', found)
    assert not found.startswith((".", " "))
    assert not found.endswith((".", " "))


@given(st.lists(st.sampled_from(["a.png", "A.png", "b", "é", "e\u0301", "a (2).png"]), max_size=12))
def test_names_are_unique(wanted: list[str]) -> None:
    """Also on file systems that treat two spellings as equal."""
    names = UniqueNames()
    given_names = [names.unique(name) for name in wanted]
    assert len({name.casefold() for name in given_names}) == len(wanted)


def test_a_second_file_is_numbered() -> None:
    """Before its ending."""
    names = UniqueNames()
    assert [names.unique("a.png") for _ in range(3)] == ["a.png", "a (2).png", "a (3).png"]
    assert [names.unique("a") for _ in range(2)] == ["a", "a (2)"]


@pytest.mark.parametrize(
    ("mime", "expected"),
    [
        ("image/png", ".png"),
        ("IMAGE/JPEG", ".jpg"),
        ("audio/mpeg", ".mp3"),
        ("model/gltf-binary", ".glb"),
        ("application/octet-stream", ""),
        ("", ""),
        ("no/such", ""),
    ],
)
def test_a_type_has_an_ending(mime: str, expected: str) -> None:
    """The usual one."""
    assert ending(mime) == expected
