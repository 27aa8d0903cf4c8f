"""The encoding of foreign text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.formats.metadata.text import clean, decoded, decoded_all, relabelled, utf16


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Köln", "latin-1"),
        ("Übergröße", "cp1252"),
        ("naïve façade – déjà vu", "cp1252"),
        ("Sjø og fjell", "cp1252"),
        ("à la plage", "cp1252"),
        ("L’été – “déjà vu”", "cp1252"),
        ("São Paulo", "cp1252"),
        ("Zürich", "cp1252"),
        ("święta", "cp1250"),
        ("Ёлка", "cp1251"),
        ("señorita bailando", "cp1252"),
        ("Příliš žluťoučký kůň", "cp1250"),
        ("Кино", "cp1251"),
        ("Группа крови", "cp1251"),
        ("Подмосковные вечера", "koi8-r"),
        ("Θάλασσα και ήλιος", "cp1253"),
        ("שלום עולם", "cp1255"),
        ("さくら", "cp932"),
        ("東京の夜", "cp932"),
        ("北京", "gbk"),
        ("山水画", "gbk"),
        ("서울의 밤", "cp949"),
        ("月亮代表我的心", "big5"),
        ("静かな湖のほとりで", "cp932"),
        ("猫が塀の上で寝ている", "euc-jp"),
        ("İstanbul’da güneşli bir şölen", "cp1254"),
        ("çiçek bahçesi, şehir ışıkları", "cp1254"),
        ("Það er gott veður", "cp1252"),
        ("Ærø og Læsø", "cp1252"),
        ("Žuvėdra prie jūros", "cp1257"),
    ],
)
def test_short_texts_in_old_encodings_are_read(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding)) == text
    assert decoded(text.encode()) == text


@pytest.mark.parametrize("text", ["a castle", "Käfer", "Жук на листе", "สวัสดี"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_recognised_with_and_without_a_mark(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize("text", ["ab", "Жук на листе", "東京の夜に咲く花"])
def test_the_byte_order_of_utf16_is_guessed(text: str) -> None:
    assert [utf16(text.encode(f"utf-16{order}")) for order in ("", "-le", "-be")] == [text] * 3


def test_fields_of_one_file_have_one_encoding() -> None:
    texts = {"title": "Ночь", "artist": "Кино", "album": "Ночь", "comment": "demo"}
    raw = {name: text.encode("cp1251") for name, text in texts.items()}
    assert decoded_all(raw) == texts


@pytest.mark.parametrize("text", ["Köln", "Кино", "plain", "日本"])
def test_a_text_that_was_taken_for_latin_1_is_read_again(text: str) -> None:
    assert relabelled(text.encode().decode("latin-1")) == text
    assert relabelled(text) == text


def test_a_text_is_cleaned() -> None:
    assert clean("Cafe\u0301\x00 au\x07\r\nlait \ufeff") == "Café au\nlait"
    assert decoded("Größ".encode()[:-1]) == "Grö"  # cut within a character


@given(st.binary(max_size=300))
def test_any_bytes_are_a_text(raw: bytes) -> None:
    assert isinstance(decoded(raw), str)
    assert isinstance(utf16(raw), str)
