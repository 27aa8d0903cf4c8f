"""SVG: size, cleaning, drawing."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from PIL import Image

from library.formats import svg
from library.formats.images import BadImage
from tests.support import sample_files
from tests.support.descriptions import described
from tests.support.generated_files import SVG


def test_svg_is_rendered_and_its_size_read(tmp_path: Path) -> None:
    inside = '<rect width="50%" height="100%" fill="#ff0000"/>'
    content = SVG.format(attributes='viewBox="0 0 200 100"', inside=inside)
    sample_files.fill(tmp_path, {"a.svg": content.encode()})
    description = described(tmp_path, "a.svg")
    assert (description.facts["width"], description.facts["height"]) == (200, 100)
    assert description.picture is not None
    assert description.picture.size == (200, 100)
    assert description.picture.getpixel((10, 10)) == (255, 0, 0, 255)
    assert description.picture.getpixel((190, 10))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [('width="30" height="40"', (30, 40)), ('width="1in" height="2in"', (96, 192)),
     ('width="100" viewBox="0 0 2 1"', (100, 50)), ('width="100%" viewBox="0 0 9 8"', (9, 8)),
     ("", None), ('width="-5" height="1e999"', None), ('viewBox="0 0 nan 1"', None),
     ('width="10cm" height="5cm"', (378, 189)), ('width="210mm" height="297mm"', (794, 1123)),
     ('width="72pt" height="6pc"', (96, 96)), ('width="2em" height="4ex"', (32, 32)),
     ('style="color:red; width: 1in;height:48pt" width="5" height="5"', (96, 64)),
     ('style="width:2em;font-size:10px;max-height:9px" viewBox="0 0 20 10"', (20, 10)),
     ('width="2em" height="1rem" font-size="10"', (20, 16)), ('width="40Q" height="1in"', (38, 96)),
     ('width="1e2" height="+1.5E1px"', (100, 15)), ('width="10MM" height=" 10 mm "', (38, 38)),
     ('width="50vw" height="auto" viewBox="0 0 40 20"', (40, 20)),
     ('width="100%" height="20mm" viewBox="0 0 40 20"', (151, 76)),
     ('width="0" height="0" viewBox="0 0 40 20"', (40, 20)), ('width="90"', (90, 150))],
)  # fmt: skip
def test_the_size_of_an_svg_is_that_of_its_root(
    attributes: str, expected: tuple[int, int] | None
) -> None:
    assert svg.cleaned(SVG.format(attributes=attributes, inside="").encode())[1] == expected


@pytest.mark.parametrize("unit", ["mm", "cm", "in", "pt", "pc", "em", "ex", "Q", "rem", "px", ""])
def test_an_svg_in_any_unit_is_drawn_with_its_strokes_and_texts(unit: str) -> None:
    inside = ('<path d="M10 10h80v80H10z" fill="#36c" stroke="#000" stroke-width="4"/>'
              '<text x="20" y="60" font-size="40">Ab</text>')  # fmt: skip
    root = f'width="3{unit}" height="3{unit}" viewBox="0 0 100 100"'
    image, size = svg.render(io.BytesIO(SVG.format(attributes=root, inside=inside).encode()))
    assert size is not None
    assert size[0] == size[1]
    large = image.resize((100, 100))
    assert large.getpixel((50, 80))[:3] == (0x33, 0x66, 0xCC) or max(size) < 50  # type: ignore[index]
    assert large.getpixel((50, 50))[3] > 200  # type: ignore[index]


@pytest.mark.parametrize("unit", ["mm", "cm", "in", "pt", "pc", "em", "px", ""])
def test_lengths_inside_an_svg_may_have_units(unit: str) -> None:
    pixels = {"mm": 2, "cm": 0.2, "in": 0.1, "pt": 6, "pc": 0.5, "em": 0.5, "px": 8, "": 8}[unit]
    inside = (f'<path d="M10 50h180" stroke="#000" stroke-width="{pixels}{unit}"/>'
              f'<text x="20" y="150" font-size="{pixels * 4}{unit}">Ab</text>')  # fmt: skip
    root = 'width="200" height="200" viewBox="0 0 200 200"'
    image, _ = svg.render(io.BytesIO(SVG.format(attributes=root, inside=inside).encode()))
    assert image.getpixel((100, 50)) == (0, 0, 0, 255)
    assert image.crop((0, 100, 200, 200)).getbbox() is not None


@pytest.mark.parametrize(
    "family", ["", "serif", "sans-serif", "monospace", "Arial", "NoSuchFont", "'No', sans-serif"]
)
def test_texts_are_drawn_in_any_font(family: str) -> None:
    inside = f'<text x="5" y="30" font-size="24" font-family="{family}">Abg</text>'
    content = SVG.format(attributes='width="100" height="40"', inside=inside)
    assert svg.render(io.BytesIO(content.encode()))[0].getbbox() is not None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1251"])
def test_an_svg_in_its_own_encoding_is_drawn(encoding: str, tmp_path: Path) -> None:
    word = "\u043a\u043e\u0442" if encoding == "windows-1251" else "K\u00e4fer"
    declared = "" if encoding.endswith("sig") else f' encoding="{encoding}"'
    content = f'<?xml version="1.0"{declared}?>' + SVG.format(
        attributes='width="90" height="40"',
        inside=f'<!-- {word} --><text x="5" y="30" font-size="24">{word}</text>',
    )
    sample_files.fill(tmp_path, {"a.svg": content.encode(encoding)})
    description = described(tmp_path, "a.svg")
    assert (description.damage, description.facts["width"]) == (None, 90)
    assert description.picture is not None
    assert description.picture.getbbox() is not None
    assert word in svg.cleaned(content.encode(encoding))[0]


def test_the_entities_of_illustrator_are_expanded() -> None:
    content = (
        '<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg"><!ENTITY st "fill:#ff0000">]>'
        '<svg xmlns="&ns;" width="9" height="9"><rect style="&st;" width="9" height="9"/></svg>'
    )
    assert svg.render(io.BytesIO(content.encode()))[0].getpixel((4, 4)) == (255, 0, 0, 255)


def test_an_svgz_is_drawn_and_a_bomb_is_refused(tmp_path: Path) -> None:
    content = SVG.format(attributes='width="9" height="9"', inside='<rect width="9" height="9"/>')
    bomb = gzip.compress(content.encode() + b" " * 50_000_000)
    sample_files.fill(tmp_path, {"a.svgz": gzip.compress(content.encode()), "b.svgz": bomb})
    description = described(tmp_path, "a.svgz")
    assert (description.kind.mime, description.facts["width"]) == ("image/svg+xml", 9)
    assert described(tmp_path, "b.svgz").damage == "is an SVG larger than 8 MB"


def test_no_svg_shows_another_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (10, 10), (1, 2, 3)).save(secret)
    for reference in (
        f'<image href="{secret}" width="10" height="10"/>',
        f"<image xlink:href='file://{secret}' width='10' height='10'/>",
        f'<image  href = "{secret}" width="10" height="10"/>',
        f'<rect width="10" height="10" fill="url({secret}#a)"/>',
    ):
        inside = f'<g xmlns:xlink="http://www.w3.org/1999/xlink">{reference}</g>'
        content = SVG.format(attributes='width="10" height="10"', inside=inside).encode()
        image, _ = svg.render(io.BytesIO(content))
        assert image.convert("RGB").getpixel((5, 5)) != (1, 2, 3)
        assert str(secret) not in svg.cleaned(content)[0]


@pytest.mark.parametrize(
    "content",
    ["<svg", SVG.format(attributes="", inside="<use href='#a'/>" * 6000),
     *(f'<!DOCTYPE svg [{entities}]>' + SVG.format(attributes='width="9" height="9"', inside="&b;")
       for entities in ('<!ENTITY b SYSTEM "file:///etc/passwd">', f'<!ENTITY b "{"b" * 300}">',
                        '<!ENTITY a "aa"><!ENTITY b "&a;&a;">', '<!ENTITY % a "b">',
                        "".join(f'<!ENTITY b{n} "b">' for n in range(99))))],
)  # fmt: skip
def test_broken_svgs_are_refused(content: str) -> None:
    with pytest.raises(BadImage):
        svg.render(io.BytesIO(content.encode()))


def test_an_svg_that_is_nested_too_deeply_is_damaged(tmp_path: Path) -> None:
    nested = "<g>" * 100_000 + "</g>" * 100_000
    content = SVG.format(attributes='width="9" height="9"', inside=nested)
    sample_files.fill(tmp_path, {"a.svg": content.encode()})
    assert described(tmp_path, "a.svg").damage == "is an SVG that is nested too deeply"


def test_an_svg_as_deep_as_is_allowed_is_drawn(tmp_path: Path) -> None:
    nested = "<g opacity='.9'>" * 190 + '<rect width="9" height="9"/>' + "</g>" * 190
    sample_files.fill(tmp_path, {"a.svg": SVG.format(attributes="", inside=nested).encode()})
    assert described(tmp_path, "a.svg").damage is None


def test_an_svg_that_takes_hours_is_damaged(tmp_path: Path) -> None:
    inside = (
        '<filter id="f" x="-1000%" y="-1000%" width="9000%" height="9000%"><feGaussianBlur '
        'stdDeviation="2000"/><feTurbulence numOctaves="100"/></filter>'
        '<rect width="4000" height="4000" filter="url(#f)"/>'
    )
    content = SVG.format(attributes='width="4000" height="4000"', inside=inside)
    sample_files.fill(tmp_path, {"a.svg": content.encode()})
    assert described(tmp_path, "a.svg").damage in {
        "takes too long to be read",
        "needs too much memory to be read",
    }
