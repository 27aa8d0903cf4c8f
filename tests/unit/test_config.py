"""Settings: every mistake is reported with its variable, and no secret is shown."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import InvalidSettings, Settings
from environment.declarations import table

ROOT = Path(__file__).parents[2]
FIELDS = dataclasses.fields(Settings)
VARIABLES = [item.metadata["variable"] for item in FIELDS]
SECRETS = [item.metadata["variable"] for item in FIELDS if item.metadata["secret"]]
WITH_PASSWORD = {
    "AKIN_CACHE_URL": "redis://:{}@host:6379/0",
    "AKIN_STORE_URL": "postgresql://akin:{}@host/akin",
    "AKIN_NOTIFY": "slack://{}",
    "AKIN_LIBRARY_URL": "postgresql://akin:{}@host/akin?library=art",
}
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


def mistakes(**environ: str) -> list[str]:
    """Return the lines of the error message for this environment."""
    with pytest.raises(InvalidSettings) as raised:
        Settings.from_environ(environ)
    return str(raised.value).splitlines()


def test_an_empty_environment_gives_the_defaults() -> None:
    """So do blank variables."""
    assert Settings.from_environ({}) == Settings()
    assert Settings.from_environ(dict.fromkeys(VARIABLES, "  ")) == Settings()


@pytest.mark.parametrize(
    ("environ", "mode"),
    [
        ({}, "all"),
        ({"AKIN_WRITE": "off"}, "off"),
        ({"AKIN_WRITE": "tags"}, "tags"),
        ({"auth": "password"}, "off"),
        ({"auth": "password", "AKIN_WRITE": "all"}, "all"),
        ({"SCENARIO_SDK_API_KEY": "k", "SCENARIO_SDK_API_SECRET": "s"}, "off"),
        ({"SCENARIO_SDK_JWT": "token", "AKIN_WRITE": "tags"}, "tags"),
    ],
)
def test_what_may_be_changed_depends_on_the_sign_in(environ: dict[str, str], mode: str) -> None:
    auth = environ.pop("auth", "none")
    settings = dataclasses.replace(Settings.from_environ(environ), auth=auth)
    assert settings.write_mode == mode


def test_a_wrong_value_of_what_may_be_changed_is_reported() -> None:
    assert any("AKIN_WRITE" in line for line in mistakes(AKIN_WRITE="everything"))


def test_values_have_their_types() -> None:
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


def test_every_variable_in_code_and_docs_is_a_setting() -> None:
    """Except the one that `library serve` sets for its worker."""
    places = [ROOT / "wsgi.py", ROOT / "Makefile"]
    for folder in ("app", "library", "scripts", "docs"):
        places += [p for p in (ROOT / folder).rglob("*") if p.suffix in {".py", ".md", ""}]
    texts = [p.read_text("utf-8", "replace") for p in places if p.is_file()]
    named = {name for text in texts for name in re.findall(r"\bAKIN_[A-Z_]*[A-Z]\b", text)}
    assert named - set(VARIABLES) == {"AKIN_LIBRARY_HOME"}


def test_a_key_or_a_token_is_a_key() -> None:
    """The settings say whether a project is browsed."""
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
        ("AKIN_STORE_URL", "sqlite:///store"),
        ("AKIN_STORE_URL", "postgresql://host"),
        ("AKIN_STORE_URL", "postgresql://user:pass/word@host/akin"),
        ("AKIN_STORE_URL", "postgresql://host:port/akin"),
        ("AKIN_REFERENCES_URL", "s3:/bucket"),
        ("AKIN_REFERENCES_URL", "s3://"),
        ("AKIN_REFERENCES_URL", "file:references"),
        ("AKIN_FEED_DAYS", "-1"),
        ("AKIN_PROXY_SIGN_OUT", "javascript:alert(1)"),
        ("AKIN_PROXY_SIGN_OUT", "//evil.example"),
        ("AKIN_MEDIA_ORIGINS", "cdn.example.com"),
        ("AKIN_MEDIA_ORIGINS", "https://cdn.example.com; script-src *"),
    ],
)
def test_a_mistake_is_reported(variable: str, value: str) -> None:
    """In one line, which begins with the variable and has an example."""
    (line,) = mistakes(**{variable: value})
    assert line.startswith(f"{variable}: ")
    assert " such as " in line or " not one of " in line


@pytest.mark.parametrize(
    "place",
    ["references", "/srv/akin/references", "file:///srv/akin/references", "memory://references"],
)
def test_storage_of_pictures(place: str) -> None:
    """A folder, or a URL of fsspec."""
    assert Settings.from_environ({"AKIN_REFERENCES_URL": place}).references_url == place


def test_settings_need_only_the_standard_library() -> None:
    """`run.py` reads them before any package is installed."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import config; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    modules = {name.partition(".")[0] for name in run.stdout.split()}
    assert {"config", "environment"} <= modules
    assert modules - sys.stdlib_module_names <= {
        "config",
        "environment",
        "__main__",
        "__mp_main__",
    }


def test_a_password_in_an_address_is_not_shown() -> None:
    """Neither that of the API nor that of the storage."""
    found = mistakes(
        SCENARIO_BASE_URL="https://akin:hush-hush@api.example.com/v1",
        AKIN_REFERENCES_URL="file://akin:hush-hush@host/x",
    )
    assert len(found) == 2
    assert "hush" not in "\n".join(found)


@pytest.mark.parametrize("variable", ["SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET"])
def test_half_a_key_pair_is_refused(variable: str) -> None:
    """The message has the name of the other half and no value."""
    other = {"SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET"} - {variable}
    (line,) = mistakes(**{variable: "hunter2"})
    assert line.startswith(*other)
    assert "hunter2" not in line


def test_every_mistake_is_reported_at_once() -> None:
    """In the order: values, unknown names, missing values."""
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


def test_an_unknown_variable_is_a_mistake() -> None:
    """The message suggests the most similar name."""
    assert mistakes(AKIN_CAHCE_URL="none") == [
        "AKIN_CAHCE_URL: there is no such setting; did you mean AKIN_CACHE_URL?"
    ]


@given(st.dictionaries(st.sampled_from(VARIABLES), TEXTS, max_size=4))
def test_any_environment_is_parsed_or_refused(environ: dict[str, str]) -> None:
    """The message begins with a variable; no other error is raised."""
    try:
        Settings.from_environ(environ)
    except InvalidSettings as error:
        known = tuple(VARIABLES)
        assert str(error).startswith(known)  # noqa: PT017 - a refusal is one of two right answers


@given(st.sampled_from(SECRETS), st.from_regex(r"[A-Z]{3}-[a-z]{12}-[0-9]{4}", fullmatch=True))
def test_secrets_are_never_shown(variable: str, secret: str) -> None:
    """Neither in the repr of the settings, nor in error messages."""
    value = WITH_PASSWORD.get(variable, "{}").format(secret)
    environ = {variable: value, "AKIN_TIMEOUT": "soon"}
    assert secret not in "\n".join(mistakes(**environ))
    fields = {item.metadata["variable"]: item.name for item in FIELDS}
    pair = {"api_key": "k", "api_secret": "s"} if "SDK_API" in variable else {}
    assert secret not in repr(Settings(**{**pair, fields[variable]: value}))


def test_the_table_has_every_variable_and_no_secret() -> None:
    """README shows it."""
    rows = table(Settings).splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == VARIABLES


@pytest.mark.parametrize(
    "variable",
    [
        "SCENARIO_SDK_API_KEY",
        "SCENARIO_SDK_API_SECRET",
        "SCENARIO_SDK_JWT",
        "AKIN_OIDC_CLIENT_SECRET",
        "AKIN_METRICS_TOKEN",
    ],
)
@pytest.mark.parametrize("secret", ["se-é-abcdefgh", "two\nlines-abcdefgh", "bell\x07-abcdefgh"])
def test_a_secret_that_cannot_be_sent_is_refused(variable: str, secret: str) -> None:
    """The message names the variable and shows nothing of the secret."""
    [line] = [each for each in mistakes(**{variable: secret}) if each.startswith(f"{variable}: ")]
    assert "abcdefgh" not in line


def test_a_key_with_its_secret_is_refused() -> None:
    environ = {"SCENARIO_SDK_API_KEY": "key:hush", "SCENARIO_SDK_API_SECRET": "hush"}
    [line] = mistakes(**environ)
    assert line.startswith("SCENARIO_SDK_API_KEY: ")
    assert "hush" not in line


@pytest.mark.parametrize("char", "/#?@")
@pytest.mark.parametrize("user", ["", "akin"])
def test_a_redis_password_must_be_encoded(char: str, user: str) -> None:
    """The message shows no part of the password."""
    [line] = mistakes(AKIN_CACHE_URL=f"redis://{user}:hush{char}secret@host:6379/0")
    assert line.startswith("AKIN_CACHE_URL: ")
    assert "encoded" in line
    assert not re.search("hush|secret", line)


@pytest.mark.parametrize("query", ["", "?socket_timeout=1"])
def test_an_encoded_redis_password_is_accepted(query: str) -> None:
    url = f"rediss://akin:%2F%23%3F%40@host:6379/0{query}"
    assert Settings.from_environ({"AKIN_CACHE_URL": url}).cache_url == url


@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("SCENARIO_API_KEY", "SCENARIO_SDK_API_KEY"),
        ("SCENARIO_API_SECRET", "SCENARIO_SDK_API_SECRET"),
        ("SCENARIO_JWT", "SCENARIO_SDK_JWT"),
        ("SCENARIO_SDK_PROJECT_ID", "SCENARIO_PROJECT_ID"),
        ("SCENARIO_API_KEY_FILE", "SCENARIO_SDK_API_KEY_FILE"),
    ],
)
def test_a_similar_name_of_the_api_is_a_mistake(name: str, similar: str) -> None:
    """It has no effect; beside the right name it belongs to another program."""
    assert mistakes(**{name: "x"}) == [f"{name}: there is no such setting; did you mean {similar}?"]
    other = {"SCENARIO_PROJECT_ID": "p", "SCENARIO_SDK_PROJECT_ID": "p"}
    assert Settings.from_environ(other).project_id == "p"


def test_other_variables_of_the_api_are_ignored() -> None:
    """The official client and Kubernetes set some."""
    names = ("LOG", "CUSTOM_HEADERS", "TEAM", "API_PORT", "SDK_SERVICE_HOST", "PORT_80_TCP_ADDR")
    environ = {f"SCENARIO_{name}": "x" for name in names}
    assert Settings.from_environ(environ) == Settings()


WITH_FILE = [item.metadata["variable"] for item in FIELDS if item.metadata["file"]]


def test_secrets_and_addresses_with_a_password_can_be_in_files() -> None:
    assert set(WITH_FILE) == {*SECRETS, "AKIN_REFERENCES_URL"}


@pytest.mark.parametrize("variable", WITH_FILE)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_value_in_a_file(variable: str, end: str, tmp_path: Path) -> None:
    """The line break at its end does not belong to it."""
    value = WITH_PASSWORD.get(variable, "{}").format("x" * 32)
    pair = dict.fromkeys(("SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET"), "k")
    pair = pair if variable in pair else {}
    (tmp_path / "secret").write_bytes(f"{value}{end}".encode())
    environ = {**pair, f"{variable}_FILE": str(tmp_path / "secret")}
    environ.pop(variable, None)
    assert Settings.from_environ(environ) == Settings.from_environ({**pair, variable: value})


def test_a_file_beside_its_variable_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush-hush")
    path = str(tmp_path / "secret")
    [line] = mistakes(SCENARIO_SDK_JWT="hush-hush", SCENARIO_SDK_JWT_FILE=path)
    assert line.startswith("SCENARIO_SDK_JWT_FILE: SCENARIO_SDK_JWT is set as well")


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_file_that_cannot_be_used(content: bytes | None, tmp_path: Path) -> None:
    """Missing, empty, or no text: the message names the variable and the file."""
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    environ = {"SCENARIO_SDK_API_KEY": "k", "SCENARIO_SDK_API_SECRET_FILE": f"{tmp_path}/secret"}
    [line] = mistakes(**environ)
    assert line.startswith(f"SCENARIO_SDK_API_SECRET_FILE: “{tmp_path}/secret” ")


def test_a_setting_without_secret_has_no_file() -> None:
    assert mistakes(PORT_FILE="x", AKIN_AUTH_FILE="x")[0].startswith("AKIN_AUTH_FILE: there is no")
