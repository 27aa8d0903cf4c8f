"""Provenance sheets as PDF: text that can be searched, in any direction, on as many pages."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

from app.insight.provenance import provenance
from app.scenario.assets import Asset, Metadata
from app.services.provenance import Sheet

if find_spec("reportlab") is None and not os.environ.get("CI"):
    pytest.skip("reportlab is not installed: make setup", allow_module_level=True)

pdfium = pytest.importorskip("pypdfium2")
from app.exports import provenance_pdf  # noqa: E402 - after the checks


def sheet(*prompts: str, title: str = "castle", note: str = "") -> Sheet:
    """A sheet with an asset for each prompt."""
    made = [Asset(id=f"asset_{n}", metadata=Metadata(prompt=p)) for n, p in enumerate(prompts)]
    return Sheet(title, tuple(provenance(each, {}, {}) for each in made), note)


def text_of(content: bytes) -> list[str]:
    """The text of each page."""
    document = pdfium.PdfDocument(content)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


def finds(content: bytes, words: str) -> bool:
    """Whether a viewer finds some words."""
    document = pdfium.PdfDocument(content)
    try:
        return any(page.get_textpage().search(words).get_next() for page in document)
    finally:
        document.close()


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("office, żółć: Ελλάδα & Привет <b>", "Привет <b>"),
        ("قلعة على تل في الصباح", "على تل"),
        ("قلعة with Flux 1.1", "with Flux 1.1"),
        ("שלום (עולם) castle", "שלום"),
        ("城の上の竜 水彩画", "水彩画"),
        ("中国人民 简体", "简体"),
        ("한국어 성", "한국어"),
        ("a castle\n\non a\thill", "a castle on a hill"),
        ("a dragon 🐉 \x00\ud800 flies", "flies"),
    ],
)
def test_text_of_any_script_is_found(prompt: str, words: str) -> None:
    """In its own order, whatever its direction."""
    assert finds(provenance_pdf.document(sheet(prompt), origin="https://akin.example"), words)


def test_what_is_missing_comes_first() -> None:
    """With a summary, and a note where assets are left out."""
    (page,) = text_of(
        provenance_pdf.document(sheet("a castle", title="“x”", note="Only one."), origin="")
    )
    lines = page.splitlines()
    assert lines[:2] == ["Provenance: “x”", "1 asset, 1 with gaps. Only one."]
    assert lines[3] == "Missing model, author, licence"


def test_long_texts_are_broken_and_continue_on_other_pages() -> None:
    """A word without blanks, a long prompt, and many assets."""
    content = provenance_pdf.document(sheet("x" * 500, "word " * 600, *["y"] * 60), origin="")
    pages = text_of(content)
    assert len(pages) > 5
    assert pages[0].count("x") >= 500
    assert pages[-1].splitlines()[-1].strip() == str(len(pages))


def test_names_are_links_to_their_assets() -> None:
    content = provenance_pdf.document(sheet("a"), origin="https://akin.example")
    assert b"https://akin.example/assets/asset_0" in content
