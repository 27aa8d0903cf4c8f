"""A part of a picture becomes an example: the box is cut out by the server, scripts or not."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from tests.support.scenario_api import FakeAPI, Reply, answer, asset_id, make_app_with_cdn, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.support.soup import Soup

ONE = asset_id(0)
PAGE = f"/assets/{ONE}/part"
BOX = {"left": "50", "top": "0", "width": "50", "height": "25"}


@pytest.fixture
def app(api: FakeAPI, tmp_path: Path) -> Flask:
    """With a CDN, whose pictures are red but for a blue quarter at the top right."""
    picture = Image.new("RGB", (400, 200), "red")
    picture.paste("blue", (200, 0, 400, 50))
    file = io.BytesIO()
    picture.save(file, "PNG")
    api.always(Reply(200, file.getvalue(), {"content-type": "image/png"}), on="/assets-transform")
    return make_app_with_cdn(api, tmp_path)


def numbers(soup: BeautifulSoup) -> dict[str, str]:
    """The box, as its form says it."""
    return {str(each["name"]): str(each["value"]) for each in soup.select(".numbers input")}


def test_its_page_shows_the_picture_and_a_box(soup: Soup) -> None:
    """And leads back to the asset, with the search it came from."""
    found = soup(f"{PAGE}?query=castle&kind=image")
    assert numbers(found) == {"left": "25", "top": "25", "width": "50", "height": "50"}
    assert found.select_one("crop-box img[alt]") is not None
    form = found.select_one("form#crop")
    assert form is not None
    assert (form["method"], form["action"]) == ("post", PAGE)
    carried = form.select_one("[name=search]")
    assert carried is not None
    assert carried["value"] == "query=castle&kind=image"
    assert [str(button["value"]) for button in form.select("button[name=side]")] == [
        "similar", "like", "unlike",
    ]  # fmt: skip
    back = found.select_one("a.back")
    assert back is not None
    assert back["href"] == f"/assets/{ONE}?query=castle&kind=image"


def test_an_asset_leads_there(soup: Soup) -> None:
    """Where it has a picture: a sound has none, though its waveform is drawn."""
    links = [link["href"] for link in soup(f"/assets/{ONE}?query=castle").select(".buttons a")]
    assert f"{PAGE}?query=castle" in links
    pages = (soup(f"/assets/{asset_id(number)}") for number in range(40))
    sound = next(page for page in pages if page.select_one(".media-view audio"))
    assert [a["href"] for a in sound.select(".buttons a") if "/part" in str(a["href"])] == []


@pytest.mark.parametrize(
    ("side", "leads_to"),
    [
        ("similar", "/?like={0}&kind=image"),
        ("like", "/?query=castle&like={0}&kind=image"),
        ("unlike", "/?query=castle&unlike={0}&kind=image"),
    ],
)
def test_what_is_in_the_box_steers_the_search(
    client: FlaskClient, api: FakeAPI, side: str, leads_to: str
) -> None:
    """As an upload: cropped, stored under the hash of its content, and named in the URL."""
    search = "query=castle&kind=image&page=2"
    response = client.post(PAGE, data=BOX | {"side": side, "search": search})
    assert response.status_code == 303
    address = response.headers["Location"]
    found = re.search(r"ref_[0-9a-f]{32}", address)
    assert found is not None
    assert address == leads_to.format(found[0])
    part = Image.open(io.BytesIO(client.get(f"/references/{found[0]}").data)).convert("RGB")
    assert part.size == (200, 50)
    assert {part.getpixel(at)[2] > 200 for at in ((2, 2), (197, 47))} == {True}  # type: ignore[index]
    assert api.received("/assets-transform")[-1].path.endswith(ONE)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("left", "x", "“x” is not a number from 0 to 99."),
        ("top", "100", "“100” is not a number from 0 to 99."),
        ("width", "0", "“0” is not a number from 1 to 100."),
        ("height", "nan", "“nan” is not a number from 1 to 100."),
        ("height", "", "It is empty and has to be a number from 1 to 100."),
    ],
)
def test_a_wrong_number_is_named_and_the_others_stay(
    client: FlaskClient, api: FakeAPI, name: str, value: str, said: str
) -> None:
    """Nothing is fetched for it."""
    response = client.post(PAGE, data=BOX | {name: value})
    assert response.status_code == 400
    found = BeautifulSoup(response.data, "html.parser")
    assert numbers(found) == BOX | {name: value}
    problem = found.select_one("#crop-error")
    assert problem is not None
    assert problem.get_text() == f"{name.capitalize()}: {said}"
    assert [str(each["name"]) for each in found.select("[aria-invalid]")] == [name]
    assert api.received("/assets-transform") == []


def test_a_box_over_the_edge_ends_there(client: FlaskClient) -> None:
    """The part that is in the picture is meant."""
    box = {"left": "75", "top": "75", "width": "100", "height": "100", "side": "like"}
    address = client.post(PAGE, data=box).headers["Location"]
    kept = client.get(f"/references/{address.partition('=')[2]}").data
    assert Image.open(io.BytesIO(kept)).size == (100, 50)


def test_a_failure_is_a_page(client: FlaskClient, api: FakeAPI) -> None:
    """An asset that does not exist, a picture that does not come, one that is none."""
    api.next(refusal(404, "Unknown"), on=f"/v1/assets/{ONE}")
    assert client.get(PAGE).status_code == 404
    api.next(Reply(500), on="/assets-transform")
    assert client.post(PAGE, data=BOX).status_code == 502
    api.next(answer({"no": "picture"}), on="/assets-transform")
    response = client.post(PAGE, data=BOX | {"search": "query=castle"})
    assert response.status_code == 400
    words = BeautifulSoup(response.data, "html.parser").select_one("#search [name=query]")
    assert words is not None
    assert words["value"] == "castle"
    assert client.get("/assets/a%20b/part").status_code == 404
