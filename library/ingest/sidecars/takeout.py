"""The JSON that Google Takeout puts beside each photograph."""

from __future__ import annotations

from html import unescape
from pathlib import PurePosixPath
from typing import Any

from library.formats.file_types import KIND_OF_SUFFIX
from library.formats.metadata import dates
from library.formats.metadata.stated import Stated
from library.formats.metadata.text import clean


def is_takeout(content: dict[str, Any]) -> bool:
    """Return whether a JSON object has the form of Takeout."""
    return any(isinstance(content.get(name), dict) for name in ("photoTakenTime", "creationTime"))


def is_album(content: dict[str, Any]) -> bool:
    """Return whether a JSON object describes an album of Takeout."""
    date = content.get("date")
    dated = isinstance(date, dict) and "timestamp" in date and "title" in content
    return dated or isinstance(content.get("albumData"), dict)


def fields(content: dict[str, Any]) -> dict[str, Any]:
    """Return fields of Document, and `dates`, of such an object."""
    found = Stated()
    title = content.get("title")
    if isinstance(title, str):
        path = PurePosixPath(clean(unescape(title)).replace("/", "_"))
        known = path.suffix.lower() in KIND_OF_SUFFIX
        found.title(path.stem if known else path.name)
    if isinstance(content.get("description"), str):
        found.caption(clean(unescape(content["description"])))
    people = content.get("people")
    if isinstance(people, list):
        names = (person.get("name") for person in people[:100] if isinstance(person, dict))
        found.keywords(clean(name) for name in names if isinstance(name, str))
    if content.get("favorited") is True:
        found.note("favorite", True)
    _place(content, found)
    for name in ("photoTakenTime", "creationTime"):  # the second: when it was uploaded
        time = content.get(name)
        if isinstance(time, dict):
            try:
                moment = dates.of_seconds(float(time.get("timestamp", "")))
            except (ValueError, TypeError):
                moment = None
            if found.date("takeout", moment):
                break
    return found.fields()


def _place(content: dict[str, Any], found: Stated) -> None:
    """Note the place; zeros mean that it is not known."""
    for name in ("geoData", "geoDataExif"):
        place = content.get(name)
        if not isinstance(place, dict):
            continue
        latitude, longitude = place.get("latitude"), place.get("longitude")
        if not isinstance(latitude, (int, float)) or not isinstance(longitude, (int, float)):
            continue
        if (latitude or longitude) and abs(latitude) <= 90 and abs(longitude) <= 180:
            found.note("latitude", float(latitude))
            found.note("longitude", float(longitude))
            return
