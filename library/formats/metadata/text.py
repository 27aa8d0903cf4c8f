"""Text of foreign bytes whose encoding is not stated, or stated wrongly.

UTF-8 and UTF-16 are recognised by their form. For other bytes `chardet` rates the Windows code
pages and the East Asian encodings; the best that gives no word of mixed alphabets is used.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WESTERN: Final = "cp1252"  # where nothing tells more; Latin-1 is a part of it
# Of the best rating: from here on, the Western code page is used in the place of the best.
_CLOSE: Final = {"cp1252": 0.0, "cp1250": 0.45, "cp1254": 0.45, "cp1257": 0.66}
_LEGACY: Final = (
    *_CLOSE, "cp1251", "cp1253", "cp1255", "cp1256", "cp874", "koi8-r",
    "cp932", "gb18030", "cp949", "big5", "utf-16-le", "utf-16-be",
)  # fmt: skip
_CODECS: Final = {"big5hkscs": "big5hkscs", "big5": "cp950"}
_SAMPLE: Final = 20_000  # bytes from which the encoding is detected
_CUT: Final = 24  # bytes of a text that may have been cut within a character
_WORD: Final = re.compile(r"[^\W\d_]+")
_UNPRINTED: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_BARE: Final = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)")
_NOT_XML: Final = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")


def decoded(raw: bytes, *, legacy: str | None = None) -> str:
    """Return the text of bytes, cleaned. Never raises.

    `legacy` is the encoding of texts that are not Unicode, if it is known.
    """
    return clean(decoded_as_is(raw, legacy=legacy))


def decoded_as_is(raw: bytes, *, legacy: str | None = None) -> str:
    """Return the text of bytes with all its characters."""
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return raw[len(bom) :].decode(encoding, "replace")
    if (wide := _utf16(raw)) is not None:
        return wide
    raw = raw.rstrip(b"\0")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        whole = raw[: error.start]
        if error.reason == "unexpected end of data" and not whole.isascii():
            return whole.decode("utf-8")  # cut within a character
    return raw.decode(legacy or _legacy_encoding(raw[:_SAMPLE]), "replace")


def decoded_all(texts: Mapping[str, bytes]) -> dict[str, str]:
    """Return named texts of one file, of which those that are not UTF-8 have one encoding."""
    old = b"\n".join(dict.fromkeys(raw for raw in texts.values() if not is_utf8(raw)))
    legacy = _legacy_encoding(old[:_SAMPLE]) if old else None
    return {name: decoded(raw, legacy=legacy) for name, raw in texts.items()}


def relabelled(text: str) -> str:
    """Return a text that was decoded as Latin-1, decoded as what it is."""
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return clean(text)
    return clean(text) if raw.isascii() else decoded(raw)


def utf16(raw: bytes, encoding: str | None = None) -> str:
    """Return the text of UTF-16; without mark and stated `encoding`, the order is guessed."""
    for bom, marked in _BOMS[3:]:
        if raw.startswith(bom):
            return clean(raw[2:].decode(marked, "replace"))
    return clean(raw.decode(encoding or _byte_order(raw), "replace"))


def clean(text: str) -> str:
    """Return a text in composed form (NFC), without control characters and outer white space."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROLS.sub("", text)
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip("\ufeff \n\t")


def as_xml(text: str) -> str:
    """Return XML without the characters that XML does not allow, which some programs write."""
    return _BARE.sub("&amp;", _NOT_XML.sub("", text))


def one_line(text: str, most: int = 1000) -> str:
    """Return a text with its white space reduced to single spaces, at most `most` characters."""
    return " ".join(text.split())[:most]


def is_utf8(raw: bytes) -> bool:
    """Return whether bytes are a text in UTF-8."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _utf16(raw: bytes) -> str | None:
    """Return the text of UTF-16 without a mark: its upper bytes are control characters or zero."""
    if len(raw) < 4 or len(raw) % 2 or _UNPRINTED.search(raw.rstrip(b"\0")) is None:
        return None
    upper, lower = raw[1::2], raw[::2]
    if (len(_UNPRINTED.findall(lower)), -len(set(lower))) > (
        len(_UNPRINTED.findall(upper)),
        -len(set(upper)),
    ):
        upper, lower = lower, upper
    if len(_UNPRINTED.findall(upper)) * 3 < len(upper) or lower.count(0) * 4 > upper.count(0) + 4:
        return None
    return raw.decode("utf-16-be" if upper == raw[::2] else "utf-16-le", "replace")


def _byte_order(raw: bytes) -> str:
    """Return the order in which the upper bytes, of which texts have few different ones, come."""
    return "utf-16-be" if len(set(raw[::2])) < len(set(raw[1::2])) else "utf-16-le"


def _legacy_encoding(sample: bytes) -> str:
    import chardet

    if (japanese := _japanese(sample)) is not None:
        return japanese
    rated = chardet.detect_all(sample, include_encodings=_LEGACY, ignore_threshold=True)
    ratings: dict[str, float] = {}
    for candidate in rated:
        name = (candidate["encoding"] or _WESTERN).lower()
        encoding = _CODECS.get(name, name)
        confidence = float(candidate["confidence"])
        if not _is_plausible(sample, encoding):
            continue
        encoding = codecs.lookup(encoding).name
        ratings.setdefault(encoding, confidence)
    best = next(iter(ratings), _WESTERN)
    western = ratings.get(_WESTERN, 0.0)
    if best not in _CLOSE or western < ratings.get(best, 0.0) * _CLOSE[best]:
        return best
    # The two differ in six letters; languages that have them have others beside them.
    letters = set(sample.decode(_WESTERN, "replace").lower())
    differs = letters & set("\xf0\xfd\xfe") and not letters & set("\xe1\xe9\xed\xf3\xfa\xe6")
    return "cp1254" if differs and ratings.get("cp1254", 0) > western / 2 else _WESTERN


def _japanese(sample: bytes) -> str | None:
    """Return the encoding in which many of the characters are Kana, as only in Japanese."""
    for encoding in ("cp932", "euc_jp"):
        with suppress(UnicodeDecodeError):
            foreign = [letter for letter in sample.decode(encoding) if not letter.isascii()]
            kana = sum("\u3041" <= letter <= "\u30fc" for letter in foreign)
            if kana >= 2 and kana * 3 >= len(foreign):
                return encoding
    return None


def _is_plausible(sample: bytes, encoding: str) -> bool:
    """Return whether the sample can be decoded, without words of several alphabets."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError as error:
        if len(sample) < _CUT or error.start < len(sample) - 3:
            return False
        text = sample[: error.start].decode(encoding, "replace")
    words = _WORD.findall(text)
    if any(_is_mixed(word) for word in words if not word.isascii()):
        return False
    # A single letter of another alphabet among Latin words is a Latin letter, as in "à la plage".
    foreign = [word for word in words if "\u0370" <= word[0] <= "\u1dff"]
    return not foreign or max(map(len, foreign)) > 1 or len(foreign) == len(words)


def _is_mixed(word: str) -> bool:
    if not any("a" <= letter <= "z" for letter in word.lower()):
        return False
    return any("\u0370" <= letter <= "\u1dff" for letter in word)  # Greek ... before Latin again
