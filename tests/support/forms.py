"""Submission of HTML forms without a browser: the pairs that a form submits, and the header.

After the HTML standard, "Constructing the entry list": the controls that a form owns, in tree
order, the successful ones only, and of the buttons only the one that was pressed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

SAME_ORIGIN: Final = {"Sec-Fetch-Site": "same-origin"}  # that a browser sends with a form of Akin
_BUTTONS = frozenset({"submit", "button", "image", "reset"})


def submitted(
    soup: BeautifulSoup, form: str = "search", *, pressed: Tag | None = None
) -> list[tuple[str, str]]:
    """Return the pairs that the form with the id `form` submits by the button `pressed`."""
    found = soup.find("form", id=form)
    assert found is not None, f"the page has no form {form!r}"
    pairs: list[tuple[str, str]] = []
    for control in soup.find_all(["input", "select", "textarea", "button"]):
        owner = soup.find("form", id=control["form"]) if control.has_attr("form") else None
        if not control.has_attr("form"):
            owner = control.find_parent("form")
        if owner is not found or control.has_attr("disabled") or not control.get("name"):
            continue
        pairs += [(control["name"], value) for value in _values(control, pressed)]
    return pairs


def form_url(soup: BeautifulSoup, form: str = "search", *, pressed: Tag | None = None) -> str:
    """Return the URL that the form requests."""
    action = soup.find("form", id=form)["action"]  # type: ignore[index]
    return f"{action}?{urlencode(submitted(soup, form, pressed=pressed))}"


def _values(control: Tag, pressed: Tag | None) -> list[str]:
    kind = control.get("type", "submit" if control.name == "button" else "text")
    if control.name == "button" or kind in _BUTTONS:
        return [str(control.get("value", ""))] if control is pressed else []
    if kind in {"checkbox", "radio"}:
        return [str(control.get("value", "on"))] if control.has_attr("checked") else []
    if control.name == "select":
        options = control.find_all("option")
        chosen = [option for option in options if option.has_attr("selected")][-1:] or options[:1]
        return [str(option.get("value", option.get_text())) for option in chosen]
    if control.name == "textarea":
        text = control.get_text().removeprefix("\n")
        return ["\r\n".join(text.splitlines())]
    return [_sanitised(kind, str(control.get("value", "")))]


def _sanitised(kind: str, value: str) -> str:
    """Return the value after the sanitization algorithm of this type of control."""
    if kind == "date":
        return value if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) else ""
    if kind == "number":
        return value if re.fullmatch(r"-?\d+(\.\d+)?", value) else ""
    if kind in {"text", "search"}:
        return value.replace("\r", "").replace("\n", "")
    return value
