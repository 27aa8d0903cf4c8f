"""Settings are read once; every mistake is named with its variable, and no secret is ever shown."""

from __future__ import annotations

import dataclasses
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from config import InvalidSettings, Settings

FIELDS = dataclasses.fields(Settings)
VARIABLES = [item.metadata["variable"] for item in FIELDS]
SECRETS = [item.metadata["variable"] for item in FIELDS if item.metadata["secret"]]
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


def mistakes(**environ: str) -> list[str]:
    """The lines of the message that this environment is refused with."""
    with pytest.raises(InvalidSettings) as raised:
        Settings.from_environ(environ)
    return str(raised.value).splitlines()


def test_an_empty_environment_is_every_default() -> None:
    """So are variables that are set to nothing."""
    assert Settings.from_environ({}) == Settings()
    assert Settings.from_environ(dict.fromkeys(VARIABLES, "  ")) == Settings()


def test_values_are_of_their_kind() -> None:
    """Numbers are numbers, folders are folders, lists are tuples."""
    settings = Settings.from_environ(
        {
            "SCENARIO_SDK_API_KEY": "key",
            "SCENARIO_SDK_API_SECRET": "secret",
            "SCENARIO_BASE_URL": "http://127.0.0.1:9/v1/",
            "AKIN_DATA": "some/folder",
            "AKIN_TIMEOUT": "2.5",
            "AKIN_CACHE_SECONDS": "0",
            "AKIN_MEDIA_ORIGINS": "https://a.example.com, https://*.b.example.com",
        }
    )
    assert (settings.has_key, settings.base_url) == (True, "http://127.0.0.1:9/v1")
    assert (settings.data, settings.timeout) == (Path("some/folder"), 2.5)
    assert settings.cache_seconds == 0
    assert settings.media_origins == ("https://a.example.com", "https://*.b.example.com")


def test_every_variable_that_is_named_anywhere_stands_in_the_table() -> None:
    """But for the one by which `library serve` tells its own worker what to serve."""
    root = Path(config.__file__).parent
    places = [root / "wsgi.py", root / "Makefile"]
    for folder in ("app", "library", "scripts", "docs"):
        places += [p for p in (root / folder).rglob("*") if p.suffix in {".py", ".md", ""}]
    texts = [p.read_text("utf-8", "replace") for p in places if p.is_file()]
    named = {name for text in texts for name in re.findall(r"\bAKIN_[A-Z_]*[A-Z]\b", text)}
    assert named - set(VARIABLES) == {"AKIN_LIBRARY_HOME"}


def test_without_a_key_there_is_none() -> None:
    """A token alone is one."""
    assert (Settings().has_key, Settings(jwt="token").has_key) == (False, True)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SCENARIO_BASE_URL", "api.cloud.scenario.com"),
        ("SCENARIO_BASE_URL", "ftp://api.cloud.scenario.com"),
        ("SCENARIO_BASE_URL", "https://"),
        ("SCENARIO_BASE_URL", "https://a b"),
        ("AKIN_TIMEOUT", "soon"),
        ("AKIN_TIMEOUT", "0"),
        ("AKIN_TIMEOUT", "nan"),
        ("AKIN_TIMEOUT", "inf"),
        ("AKIN_TIMEOUT", "-1"),
        ("AKIN_CACHE_URL", "memcached://host"),
        ("AKIN_CACHE_SECONDS", "1.5"),
        ("AKIN_CACHE_SECONDS", "²"),
        ("AKIN_CACHE_SECONDS", "86401"),
        ("AKIN_REFERENCE_BYTES", "20MB"),
        ("AKIN_REFERENCE_BYTES", "1"),
        ("SCENARIO_BASE_URL", "https://api.example.com:443443/v1"),
        ("AKIN_CACHE_URL", "redis://host:port/0"),
        ("AKIN_REFERENCES_URL", "s3:/bucket"),
        ("AKIN_REFERENCES_URL", "s3://"),
        ("AKIN_REFERENCES_URL", "nonsense://bucket"),
        ("AKIN_REFERENCES_URL", "file:references"),
        ("AKIN_FEED_DAYS", "-1"),
        ("AKIN_PROXY_SIGN_OUT", "javascript:alert(1)"),
        ("AKIN_PROXY_SIGN_OUT", "//evil.example"),
        ("AKIN_MEDIA_ORIGINS", "cdn.example.com"),
        ("AKIN_MEDIA_ORIGINS", "https://cdn.example.com; script-src *"),
    ],
)
def test_a_mistake_is_named(variable: str, value: str) -> None:
    """One line, which begins with the variable and says what would be right."""
    (line,) = mistakes(**{variable: value})
    assert line.startswith(f"{variable}: ")
    assert " such as " in line or " none of " in line


@pytest.mark.parametrize(
    "place",
    ["references", "/srv/akin/references", "file:///srv/akin/references", "memory://references"],
)
def test_places_of_pictures(place: str) -> None:
    """A folder, or what fsspec can reach here."""
    assert Settings.from_environ({"AKIN_REFERENCES_URL": place}).references_url == place


def test_a_place_whose_package_is_missing_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside every other mistake, and with the file to install."""
    monkeypatch.setitem(sys.modules, "s3fs", None)
    found = mistakes(AKIN_REFERENCES_URL="s3://bucket/prefix", AKIN_TIMEOUT="soon")
    assert [line.partition(":")[0] for line in found] == ["AKIN_TIMEOUT", "AKIN_REFERENCES_URL"]
    assert "requirements-s3.txt" in found[1]


def test_a_password_in_an_address_is_not_shown() -> None:
    """Neither of the API nor of the place of the pictures, whatever is wrong with it."""
    found = mistakes(
        SCENARIO_BASE_URL="https://akin:hush-hush@api.example.com/v1",
        AKIN_REFERENCES_URL="nonsense://akin:hush-hush@host/x",
    )
    assert len(found) == 2
    assert "hush" not in "\n".join(found)


@pytest.mark.parametrize("variable", ["SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET"])
def test_half_a_key_pair_is_refused(variable: str) -> None:
    """With the name of the other half, and without the value of this one."""
    other = {"SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET"} - {variable}
    (line,) = mistakes(**{variable: "hunter2"})
    assert line.startswith(*other)
    assert "hunter2" not in line


def test_every_mistake_is_reported_at_once() -> None:
    """So that a server is set up in one go."""
    found = mistakes(
        AKIN_TIMEOUT="soon",
        AKIN_CACHE_SECONDS="-1",
        SCENARIO_SDK_API_KEY="key",
        AKIN_TIMEUOT="5",
    )
    assert [line.split()[0].rstrip(":") for line in found] == [
        "AKIN_TIMEOUT",
        "AKIN_CACHE_SECONDS",
        "AKIN_TIMEUOT",
        "SCENARIO_SDK_API_SECRET",
    ]


def test_a_variable_that_is_none_is_a_mistake() -> None:
    """A typing mistake would pass in silence; the nearest name is suggested."""
    assert mistakes(AKIN_CAHCE_URL="none") == [
        "AKIN_CAHCE_URL: there is no such setting; is AKIN_CACHE_URL meant?"
    ]


@given(st.dictionaries(st.sampled_from(VARIABLES), TEXTS, max_size=4))
def test_any_environment_is_read_or_refused(environ: dict[str, str]) -> None:
    """With settings, or with a line that begins with a variable; nothing else is raised."""
    try:
        Settings.from_environ(environ)
    except InvalidSettings as error:
        known = tuple(VARIABLES)
        assert str(error).startswith(known)  # noqa: PT017 - a refusal is one of two right answers


@given(st.sampled_from(SECRETS), st.from_regex(r"[A-Z]{3}-[a-z]{12}-[0-9]{4}", fullmatch=True))
def test_secrets_are_never_shown(variable: str, secret: str) -> None:
    """Neither in what a setting looks like, nor in what is said about a mistake."""
    value = f"redis://:{secret}@host:6379/0" if variable == "AKIN_CACHE_URL" else secret
    environ = {variable: value, "AKIN_TIMEOUT": "soon"}
    assert secret not in "\n".join(mistakes(**environ))
    fields = {item.metadata["variable"]: item.name for item in FIELDS}
    pair = {"api_key": "k", "api_secret": "s"} if "SDK_API" in variable else {}
    assert secret not in repr(Settings(**{**pair, fields[variable]: value}))


def test_the_table_has_every_variable_and_no_secret() -> None:
    """README shows it."""
    rows = config.table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == VARIABLES
