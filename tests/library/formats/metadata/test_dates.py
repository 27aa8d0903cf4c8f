"""Dates as programs write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.formats.metadata import dates


def text(moment: object) -> str | None:
    """Return a moment without its milliseconds, or None."""
    return None if moment is None else str(moment)[:19].replace(" ", "T")


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2019:06:24 13:57:33", "2019-06-24T13:57:33"),
        ("2019-06-24T13:57:33.25+02:00", "2019-06-24T11:57:33"),
        ("2019:06:24 13:57:33-0530", "2019-06-24T19:27:33"),
        ("2019-06-24T13:57Z", "2019-06-24T13:57:00"),
        ("20190624 135733+0200", "2019-06-24T11:57:33"),
        ("20190624", "2019-06-24T00:00:00"),
        ("2019:06:24   :  :  ", "2019-06-24T00:00:00"),
        ("2019:06:24 --:--:--", "2019-06-24T00:00:00"),
        ("2019:06:24:13:57:33", "2019-06-24T13:57:33"),
        ("2019-06", "2019-06-01T00:00:00"),
        ("2019", "2019-01-01T00:00:00"),
        ("Mon, 24 Jun 2019 13:57:33 +0200", "2019-06-24T11:57:33"),
        ("1943:05:06 07:08:09\0", "1943-05-06T07:08:09"),
    ],
)
def test_a_date_is_read_as_utc(stated: str, expected: str) -> None:
    assert text(dates.parse(stated)) == expected


@pytest.mark.parametrize(
    "stated",
    [
        "", "    :  :     :  :  ", "0000:00:00 00:00:00", "0001:01:01 00:00:00", "yesterday",
        "1970:01:01 00:00:00", "1904-01-01T00:00:00Z", "2019:02:30 10:00:00",
        "2019:13:01 10:00:00", "2019:06:24 25:00:00", "9999:12:31 00:00:00", "12345678901234",
    ],
)  # fmt: skip
def test_a_date_that_is_none_is_missing(stated: str) -> None:
    assert dates.parse(stated) is None


def test_offset_and_digits_of_other_fields_count() -> None:
    moment = dates.parse("2019:06:24 15:57:33", "+02:00", "25 ")
    assert moment is not None
    assert dates.written(moment) == "2019-06-24T13:57:33.250Z"
    assert text(dates.parse("2019:06:24 15:57:33", "   :  ")) == "2019-06-24T15:57:33"
    assert text(dates.parse("2019:06:24 15:57:33", "+99:00")) == "2019-06-24T15:57:33"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("IMG_20190624_135733", "2019-06-24T13:57:33"),
        ("IMG_20190624_135733_1", "2019-06-24T13:57:33"),
        ("VID_20190624_135733~2", "2019-06-24T13:57:33"),
        ("20190624_135733", "2019-06-24T13:57:33"),
        ("PXL_20190624_135733123.MP", "2019-06-24T13:57:33.123"),
        ("DJI_20190624135733_0001", "2019-06-24T13:57:33"),
        ("2019-06-24 13.57.33", "2019-06-24T13:57:33"),
        ("2019-06-24", "2019-06-24T00:00:00"),
        ("Screenshot 2019-06-24 at 1.57.33 PM", "2019-06-24T13:57:33"),
        ("Screenshot 2019-06-24 at 12.05.33\u202fAM", "2019-06-24T00:05:33"),
        ("Screenshot_20190624-135733_Chrome", "2019-06-24T13:57:33"),
        ("Bildschirmfoto 2019-06-24 um 13.57.33", "2019-06-24T13:57:33"),
        ("signal-2019-06-24-135733", "2019-06-24T13:57:33"),
        ("WhatsApp Image 2019-06-24 at 13.57.33", "2019-06-24T13:57:33"),
        ("IMG-20190624-WA0001", "2019-06-24T00:00:00"),
        ("FB_IMG_1561384653123", "2019-06-24T13:57:33.123"),
        ("photo_5@15-06-2021_10-11-12", "2021-06-15T10:11:12"),  # Telegram
        ("photo_5@05-06-2021_10-11-12", "2021-06-05T10:11:12"),
        ("Photo 24-06-2019, 13 57 33", "2019-06-24T13:57:33"),
        ("24.06.2019 Hafen", "2019-06-24T00:00:00"),
        ("Captura de pantalla 2019-06-24 a las 13.57.33", "2019-06-24T13:57:33"),
        ("Capture d\u2019\u00e9cran 2019-06-24 \u00e0 13.57.33", "2019-06-24T13:57:33"),
        ("Sk\u00e4rmavbild 2019-06-24 kl. 13.57.33", "2019-06-24T13:57:33"),
        (
            "\u30b9\u30af\u30ea\u30fc\u30f3\u30b7\u30e7\u30c3\u30c8 2019-06-24 5.07.33",
            "2019-06-24T05:07:33",
        ),
        ("2019\u5e746\u670824\u65e5", "2019-06-24T00:00:00"),
        ("20190624-harbour", "2019-06-24T00:00:00"),
    ],
)
def test_a_date_in_a_file_name_is_found(name: str, expected: str) -> None:
    moment = dates.of_name(name)
    assert moment is not None
    assert dates.written(moment).removesuffix("Z").removesuffix(".000") == expected


@pytest.mark.parametrize(
    "name",
    [
        "12345678", "20190624", "render_20190624", "9780201379624", "product 20191331", "IMG_0001",
        "20190230_101010", "2019-13-45", "seed_2019062413", "2048x1024", "1920-10-80", "",
        "00012-20190624", "asset 20190624001122334455", "05-06-2019", "2019-06.24",
        "1-2019-06-24-5", "20190624px",
    ],
)  # fmt: skip
def test_other_numbers_are_no_date(name: str) -> None:
    assert dates.of_name(name) is None


@given(st.text(max_size=80))
def test_any_text_has_a_date_or_none(stated: str) -> None:
    for moment in (dates.parse(stated), dates.of_name(stated)):
        assert moment is None or moment.year in range(1825, 2101)
