"""An asset's own page: its picture large, all that is known of it, and the ways on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from app.query.display import Display
from app.scenario.assets import Asset, Metadata
from app.viewmodels.asset_facts import groups
from tests.faults.synthetic import hit, signed
from tests.support.scenario_api import CDN, answer, asset_id, make_app, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

PICTURE, TEXT, VIDEO = asset_id(16), asset_id(7), asset_id(1)


def facts(soup: Any) -> dict[str, str]:
    """Every labelled fact of the page."""
    terms = [term.get_text(strip=True) for term in soup.select("dl dt")]
    values = [" ".join(value.get_text(" ").split()) for value in soup.select("dl dd")]
    return dict(zip(terms, values, strict=True))


def test_the_picture_is_large_and_no_original(soup: Soup) -> None:
    """Transformed to the width of the screen, in several widths, in its reserved box."""
    picture = soup(f"/assets/{PICTURE}").select_one(f'[data-asset-id="{PICTURE}"] img[srcset]')
    assert picture is not None
    assert str(picture["src"]).startswith(f"{CDN}/assets-transform/{PICTURE}?p=100&Policy=")
    sent = hit(16, cdn=CDN)["metadata"]
    assert (picture["width"], picture["height"]) == (str(sent["width"]), str(sent["height"]))
    assert str(picture["alt"]).strip()


def test_all_metadata_is_shown(soup: Soup) -> None:
    """Each with its name; ids that have names show them."""
    sent = hit(16, cdn=CDN)
    made = sent["metadata"]
    shown = facts(soup(f"/assets/{PICTURE}"))
    expected = {
        "Name": made["name"],
        "Kind": "Image",
        "Pixels": f"{made['width']} × {made['height']}",
        "Format": "image/png",
        "Size": "1.0 kB",
        "Made by": "inference-txt2img",
        "Model": "Model model_1",
        "Seed": "4000000016",
        "Steps": "28",
        "Guidance": "3.5",
        "Scheduler": "EulerDiscreteScheduler",
        "Job": "job_0",
        "Collection": "Folder 1",
        "Created": "2025-01-01 16:00 UTC",
        "Author": "author_0",
        "Privacy": "public",
        "Id": PICTURE,
    }
    assert {name: shown.get(name) for name in expected} == expected


def test_prompt_and_seed_can_be_copied(soup: Soup) -> None:
    """Whole and as they are; where nothing can be copied they can be selected."""
    shown = soup(f"/assets/{PICTURE}")
    copied = [each.get_text() for each in shown.select("copy-text .text")]
    made = hit(16, cdn=CDN)["metadata"]
    assert {made["prompt"], made["negativePrompt"], made["seed"], PICTURE} <= set(copied)


def test_facts_lead_to_what_shares_them(soup: Soup) -> None:
    """A kind, a model, a tag, a collection is a link to its assets."""
    links = {str(link["href"]) for link in soup(f"/assets/{PICTURE}").select("article a[href]")}
    assert {"/?kind=image", "/?modelId=model_1", "/?tags=synthetic"} <= links
    assert "/?collectionIds=collection_1" in links


def test_it_leads_back_to_its_search(soup: Soup) -> None:
    """To the very page it came from, which a card's link carries."""
    search = "query=castle&kind=image&page=2&hitsPerPage=5"
    shown = soup(f"/assets/{PICTURE}?{search}")
    back = shown.select_one("a.back")
    assert back is not None
    assert back["href"] == f"/?{search}"
    assert back.get_text(strip=True) == "Back to “castle”"


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("", "Back to the newest pictures"),
        ("?page=2", "Back to the results"),
        (f"?like={VIDEO}", "Back to the results"),
        (f"?like={VIDEO}&query=castle", "Back to the results"),
    ],
)
def test_the_link_back_describes_the_search(soup: Soup, search: str, words: str) -> None:
    """Unlike the title, which describes the search."""
    back = soup(f"/assets/{PICTURE}{search}").select_one("a.back")
    assert back is not None
    assert back.get_text(strip=True) == words


def test_a_fact_that_no_search_can_ask_for_is_no_link(api: FakeAPI, soup: Soup) -> None:
    """A tag or a number that the filters refuse would lead to everything."""
    odd = hit(16, cdn=CDN)
    odd["tags"] = ["fine", "x" * 1000]
    odd["metadata"]["numInferenceSteps"] = -1
    api.always(answer({"asset": odd}), on=f"/v1/assets/{PICTURE}")
    shown = soup(f"/assets/{PICTURE}")
    assert [chip.get("href") for chip in shown.select("#tags .chip")] == ["/?tags=fine", None]
    assert [str(link["href"]) for link in shown.select("dl a[href]") if link["href"] == "/"] == []


def test_loras_are_listed(api: FakeAPI, soup: Soup) -> None:
    """By name; the Scenario API cannot filter by them, so they are no links there."""
    made = hit(16, cdn=CDN)
    made["metadata"]["loras"] = ["ink wash", "old maps"]
    made["metadata"]["loraStrengths"] = "ink wash 0.8"
    api.always(answer({"asset": made}), on=f"/v1/assets/{PICTURE}")
    page = soup(f"/assets/{PICTURE}")
    assert facts(page)["LoRA strengths"] == "ink wash 0.8"
    assert {"ink wash", "old maps"} <= {each.get_text(strip=True) for each in page.select("dl dd")}
    assert not [link for link in page.select("a[href]") if "loras=" in str(link["href"])]


def test_loras_of_the_library_lead_to_what_was_made_with_them() -> None:
    asset = Asset(id="asset_1", metadata=Metadata(loras=("ink wash", "old maps")))
    rows = [row for group in groups(asset, {}, Display(), by_library=True) for row in group.rows]
    links = {row.value: row.url for row in rows if row.label == "LoRA"}
    assert links == {"ink wash": "/?loras=ink+wash", "old maps": "/?loras=old+maps"}


def test_it_leads_on_to_what_is_similar(soup: Soup) -> None:
    """Under the filters of the search it came from; and to the file."""
    shown = soup(f"/assets/{PICTURE}?query=castle&kind=image&page=2")
    links = {link.get_text(strip=True): str(link["href"]) for link in shown.select("a[href]")}
    assert links["Find similar"] == f"/?like={PICTURE}&kind=image"
    assert any(href == f"/assets/{PICTURE}/download" for href in links.values())
    steering = shown.select(f'article button[form="search"][value="{PICTURE}"]')
    assert [button["name"] for button in steering] == ["like", "unlike"]


def test_a_video_plays_a_text_is_read_a_sound_has_its_words(soup: Soup) -> None:
    """What is no picture is shown as what it is, also where there is a thumbnail of it."""
    video = soup(f"/assets/{VIDEO}").select_one("video")
    assert video is not None
    assert str(video["src"]).startswith(f"{CDN}/assets/{VIDEO}?")
    assert "A text about a castle." in soup(f"/assets/{TEXT}").get_text()
    sound = soup(f"/assets/{asset_id(2)}")
    assert sound.select_one("audio[controls]") is not None
    assert "The sound of a tree." in sound.get_text()


def test_the_image_address_outlives_signatures(client: FlaskClient) -> None:
    """It leads to a freshly signed picture, small or large, and not for good."""
    small = client.get(f"/assets/{PICTURE}/image?width=256")
    large = client.get(f"/assets/{PICTURE}/image")
    assert (small.status_code, large.status_code) == (302, 302)
    assert "/assets-transform/" in large.headers["Location"]
    assert "width=" in large.headers["Location"]
    assert small.headers["Cache-Control"].startswith("private, max-age=")


@pytest.mark.parametrize("width", ["²", "-1", "0", "99999999999999999999", "x", "9" * 5000])
def test_any_width_is_some_picture(client: FlaskClient, width: str) -> None:
    """Nonsense is the large one or the small one, never an error."""
    response = client.get(f"/assets/{PICTURE}/image", query_string={"width": width})
    assert response.status_code == 302


def test_an_asset_without_a_picture_has_none(client: FlaskClient) -> None:
    """404, so that a broken picture shows its glyph."""
    assert client.get(f"/assets/{TEXT}/image").status_code in {302, 404}
    assert client.get(f"/assets/{asset_id(5)}/image").status_code in {302, 404}


def test_download_leads_to_a_fresh_file(client: FlaskClient, api: FakeAPI) -> None:
    """Converted if a format is requested; not cacheable."""
    response = client.get(f"/assets/{PICTURE}/download?format=webp")
    assert response.status_code == 302
    assert response.headers["Location"].startswith(f"{CDN}/assets-transform/{PICTURE}?")
    assert response.headers["Cache-Control"] == "no-store"
    (call,) = api.received(f"/v1/assets/{PICTURE}/download")
    assert (call.method, call.json) == ("POST", {"targetFormat": "webp"})


def test_a_format_that_is_none_is_refused(client: FlaskClient, api: FakeAPI) -> None:
    """Without a request to the API."""
    assert client.get(f"/assets/{PICTURE}/download?format=exe").status_code == 400
    assert api.received(f"/v1/assets/{PICTURE}/download") == []


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "/\\elsewhere.invalid", "", "//x.invalid", 7]
)
def test_a_download_leads_to_the_web_alone(client: FlaskClient, api: FakeAPI, url: object) -> None:
    """Whatever the API answers."""
    api.next(answer({"url": url}), on=f"/v1/assets/{PICTURE}/download")
    response = client.get(f"/assets/{PICTURE}/download")
    assert (response.status_code, response.headers.get("Location")) == (502, None)


def test_json_is_what_the_api_says(client: FlaskClient) -> None:
    """The ETag belongs to the exact bytes of the page."""
    response = client.get(f"/assets/{PICTURE}.json")
    assert response.mimetype == "application/json"
    assert response.get_json()["asset"]["id"] == PICTURE


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/assets/asset_unknown", 404),
        ("/assets/..%2F..%2Fetc%2Fpasswd", 404),
        ("/assets/a%20b", 404),
        ("/assets/" + "a" * 129, 404),
        ("/assets/%00", 404),
        ("/assets/%ED%A0%80", 404),
        ("/assets/asset_unknown/image", 404),
        ("/assets/asset_unknown/download", 404),
        ("/assets/a%20b/image", 404),
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(
    client: FlaskClient, api: FakeAPI, path: str, status: int
) -> None:
    """And an id that cannot be one is never sent."""
    response = client.get(path)
    assert response.status_code == status
    assert "<h1>" in response.text
    assert {request.path for request in api.requests} <= {
        "/v1/assets/asset_unknown",
        "/v1/assets/asset_unknown/download",
    }


@pytest.mark.parametrize(
    ("status", "expected"), [(401, 502), (403, 403), (404, 404), (429, 503), (500, 502), (504, 504)]
)
def test_a_refusal_is_a_page_that_keeps_the_search(
    soup: Soup, api: FakeAPI, status: int, expected: int
) -> None:
    """With the status that it means for the reader, and the words still in their field."""
    api.next(refusal(status, "Words of the API"), on="/v1/assets/")
    shown = soup(f"/assets/{PICTURE}?query=castle", status=expected)
    assert "Words of the API" in shown.get_text()
    field = shown.select_one('#search input[name="query"]')
    assert field is not None
    assert field["value"] == "castle"


def test_names_that_cannot_be_had_are_ids(soup: Soup, api: FakeAPI) -> None:
    """A page needs no names: collections and models may fail."""
    api.always(refusal(500, "No"), on="/v1/collections")
    api.always(refusal(500, "No"), on="/v1/models")
    shown = facts(soup(f"/assets/{PICTURE}"))
    assert (shown["Model"], shown["Collection"]) == ("model_1", "collection_1")


def test_an_expired_signature_is_renewed(client: FlaskClient, api: FakeAPI) -> None:
    """Cached assets are fetched again after their signed URLs have expired."""
    ended = {**hit(16, cdn=CDN), "url": signed(f"{CDN}/assets-transform/{PICTURE}?p=1", expires=1)}
    api.next(answer({"hits": [ended], "page": 1, "totalPages": 1, "totalHits": 1}))
    client.get("/?query=x")
    response = client.get(f"/assets/{PICTURE}/image")
    assert response.headers["Location"].startswith(f"{CDN}/assets-transform/{PICTURE}?p=100")


def of_library(api: FakeAPI, folder: Path, **changes: Any) -> dict[str, str]:
    """Return metadata of a sound as Akin's library sends it, with changes."""
    asset = {
        "id": TEXT,
        "authorId": "local",
        "ownerId": "local",
        "teamId": "local",
        "privacy": "private",
        "status": "success",
        "metadata": {
            "kind": "audio",
            "name": "bell",
            "path": "a/b/bell.wav",
            "type": changes.pop("type", "uploaded"),
        },
        "properties": {"nbChannels": 2, "sampleRate": 44100, "duration": 1.5, "odd": "x"},
        **changes,
    }
    api.always(answer({"asset": asset}), on=f"/v1/assets/{TEXT}")
    page = make_app(api, folder, by_library=True).test_client().get(f"/assets/{TEXT}")
    return facts(BeautifulSoup(page.data, "html.parser").find("article"))


def test_usual_values_of_a_library_are_not_shown(api: FakeAPI, tmp_path: Path) -> None:
    """Owner, visibility, completeness and source are shown only if they are not the usual ones."""
    assert of_library(api, tmp_path) == {
        "Name": "bell",
        "File": "a/b/bell.wav",
        "Kind": "Sound",
        "Duration": "1.5 s",
        "Channels": "2",
        "Odd": "x",
        "Sample rate": "44100 Hz",
        "Id": TEXT,
    }
    other = {"authorId": "ada", "privacy": "public", "status": "pending", "type": "txt2audio"}
    shown = of_library(api, tmp_path, **other)
    assert {name: shown[name] for name in ("Author", "Privacy", "Status", "Made by")} == {
        "Author": "ada",
        "Privacy": "public",
        "Status": "pending",
        "Made by": "txt2audio",
    }


def test_what_has_no_field_of_ours_is_shown_under_its_own_name(soup: Soup, api: FakeAPI) -> None:
    """The API grows without notice; addresses end, and what is no line of text is left out."""
    asset = api.healthy.hit(16) | {
        "source": "inference-txt2img",
        "isHidden": False,
        "editCapabilities": ["UPSCALE", "PROMPT", ["x"]],
        "originalFileUrl": "/library/assets/asset_x?Signature=secret",
        "mirror": "https://cdn.example/secret",
        "firstFrame": {"assetId": "asset_x"},
        "embedding": [0.5] * 1000,
        "nothing": None,
    }
    asset["metadata"] |= {"strength": 0.8, "lora_names": ["a", "b"], "odd": "<b>1</b>"}
    asset["properties"] = {"hasUVs": True, "bitrate": 192}
    api.always(answer({"asset": asset}), on=f"/v1/assets/{PICTURE}")
    page = soup(f"/assets/{PICTURE}")
    groups = {
        section.h2.get_text(): facts(section)
        for section in page.select("article section")
        if section.h2 and section.dl
    }
    assert groups["Other"] == {
        "Edit capabilities": "UPSCALE, PROMPT",
        "Is hidden": "no",
        "Lora names": "a, b",
        "Odd": "<b>1</b>",
        "Strength": "0.8",
    }
    assert {name: groups["File"].get(name) for name in ("Has UVs", "Bitrate")} == {
        "Has UVs": "yes",
        "Bitrate": "192",
    }
    assert {name: groups["Place"].get(name) for name in ("Owner", "Team")} == {
        "Owner": "project_synthetic",
        "Team": "team_synthetic",
    }


def test_where_its_file_is_can_be_copied(soup: Soup, api: FakeAPI) -> None:
    """Only where the answer says it."""
    asset = api.healthy.hit(16)
    asset["metadata"]["path"] = "a/b/tank.png"
    api.always(answer({"asset": asset}), on=f"/v1/assets/{PICTURE}")
    page = soup(f"/assets/{PICTURE}")
    assert "a/b/tank.png" in [each.get_text() for each in page.select("copy-text .text")]
    assert "File" not in facts(soup(f"/assets/{TEXT}"))
