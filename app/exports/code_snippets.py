"""A search as code: curl, Python with the official client or requests, TypeScript.

Each snippet sends the body that `Search.body` returns, with the fields that only Akin's own library
has, quoted by the rules of its language. Keys are read from the environment. A `ref_...` is read
from a file beside the code and sent as a data URL, as the API requires.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from app.query.params import is_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.query.search import Search

OFFICIAL: Final = "https://api.cloud.scenario.com/v1"
_FOUR: Final = "    "
_KEY, _SECRET, _TOKEN = "SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET", "SCENARIO_SDK_JWT"


@dataclass(frozen=True, slots=True)
class Api:
    """The address of the API and the kind of its credentials."""

    url: str = OFFICIAL
    project_id: str = ""
    is_bearer: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that the code reads."""
        return (_TOKEN,) if self.is_bearer else (_KEY, _SECRET)


@dataclass(frozen=True, slots=True)
class Snippet:
    """The code in one language; `language` is for syntax highlighting."""

    language: str
    label: str
    code: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An uploaded example that the code reads from a file."""

    reference: str
    mime: str

    @property
    def file(self) -> str:
        """The file's name beside the code."""
        return f"{self.reference}.{'png' if self.mime == 'image/png' else 'jpg'}"


def pictures_of(search: Search, mime_of: Callable[[str], str]) -> tuple[Picture, ...]:
    """Return the uploaded examples of a search; `mime_of` returns their MIME types."""
    return tuple(Picture(each, mime_of(each)) for each in search.examples if is_reference(each))


def snippets(
    search: Search,
    api: Api,
    pictures: tuple[Picture, ...] = (),
    extras: Mapping[str, object] | None = None,
) -> tuple[Snippet, ...]:
    """Return a search in every language; `pictures` are its uploaded examples.

    `extras` are further fields of the body, which the official client does not know.
    """
    own = dict(extras or {})
    body = search.body() | own
    files = {picture.reference: picture for picture in pictures}
    params = {"originalAssets": "true"} if search.originalAssets else {}
    if api.project_id:
        params["projectId"] = api.project_id
    return (
        Snippet("bash", "curl", _curl(body, params, api, files)),
        Snippet("python", "Python, scenario-sdk", _python_sdk(search, own, api, files)),
        Snippet("python", "Python, requests", _python_requests(body, params, api, files)),
        Snippet("typescript", "TypeScript", _typescript(body, params, api, files)),
    )


# curl


def _curl(
    body: dict[str, Any], params: dict[str, str], api: Api, files: Mapping[str, Picture]
) -> str:
    address = f"{api.url}/search/assets" + (
        f"?{urlencode(params, quote_via=quote)}" if params else ""
    )
    sign_in = (
        f'--header "Authorization: Bearer ${_TOKEN}"'
        if api.is_bearer
        else f'--user "${_KEY}:${_SECRET}"'
    )
    lines = [
        f"curl --silent --show-error --fail-with-body {shlex.quote(address)}",
        f"  {sign_in}",
        "  --header 'Content-Type: application/json'",
    ]
    if not files:
        lines.append(f"  --data {shlex.quote(_formatted(body, _json))}")
        return " \\\n".join(lines) + "\n"

    def in_document(value: object) -> str:
        if isinstance(value, str) and value in files:
            picture = files[value]
            return f"\"data:{picture.mime};base64,$(base64 < {picture.file} | tr -d '\\n')\""
        return re.sub(
            r"[\\$`]", r"\\\g<0>", _json(value)
        )  # escapes what a here-document would expand

    lines.append("  --data-binary @- <<END")
    return " \\\n".join(lines) + f"\n{_formatted(body, in_document)}\nEND\n"


# Python


def _python_sdk(
    search: Search, own: Mapping[str, object], api: Api, files: Mapping[str, Picture]
) -> str:
    arguments = {_snake(name): value for name, value in search.body().items()}
    if own:
        arguments["extra_body"] = dict(own)
    if search.originalAssets:
        arguments["original_assets"] = True
    if api.project_id:
        arguments["project_id"] = api.project_id
    literal = _python_of(files)
    given = "".join(
        f"    {name}={_formatted(value, literal, step=_FOUR, indent=_FOUR)},\n"
        for name, value in arguments.items()
    )
    where = "" if api.url == OFFICIAL else f"base_url={api.url!r}"
    return (
        f"{_python_imports('', files, 'from scenario_sdk import Scenario')}\n\n"
        f"client = Scenario({where})  # reads {' and '.join(api.variables)}\n"
        f"page = client.search.asset_search(\n{given})\n"
        "for hit in page.hits:\n"
        "    print(hit.id, hit.metadata.name)\n"
    )


def _python_requests(
    body: dict[str, Any], params: dict[str, str], api: Api, files: Mapping[str, Picture]
) -> str:
    literal = _python_of(files)
    if api.is_bearer:
        sign_in = f"    headers={{'Authorization': f\"Bearer {{os.environ['{_TOKEN}']}}\"}},\n"
    else:
        sign_in = f"    auth=(os.environ['{_KEY}'], os.environ['{_SECRET}']),\n"
    query = f"    params={params!r},\n" if params else ""
    return (
        f"{_python_imports('import os', files, 'import requests')}\n\n"
        "response = requests.post(\n"
        f"    {api.url + '/search/assets'!r},\n{query}{sign_in}"
        f"    json={_formatted(body, literal, step=_FOUR, indent=_FOUR)},\n"
        "    timeout=30,\n)\n"
        "response.raise_for_status()\n"
        "for hit in response.json()['hits']:\n"
        "    print(hit['id'], hit['metadata'].get('name'))\n"
    )


def _python_imports(first: str, files: Mapping[str, Picture], last: str) -> str:
    lines = ["import base64", first, "from pathlib import Path"] if files else [first]
    return "\n".join([*filter(None, lines), *([""] if any(lines) else []), last])


def _python_of(files: Mapping[str, Picture]) -> Callable[[object], str]:
    def literal(value: object) -> str:
        if isinstance(value, str) and value in files:
            picture = files[value]
            return (
                f"'data:{picture.mime};base64,' "
                f"+ base64.b64encode(Path({picture.file!r}).read_bytes()).decode()"
            )
        return repr(value)  # escapes characters that cannot be printed

    return literal


def _snake(name: str) -> str:
    """Return a name in the official client's style: `hitsPerPage` -> `hits_per_page`."""
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", name)


# TypeScript


def _typescript(
    body: dict[str, Any], params: dict[str, str], api: Api, files: Mapping[str, Picture]
) -> str:
    address = f"{api.url}/search/assets" + (
        f"?{urlencode(params, quote_via=quote)}" if params else ""
    )

    def literal(value: object) -> str:
        if isinstance(value, str) and value in files:
            picture = files[value]
            read = f'readFileSync("{picture.file}", "base64")'
            return f"`data:{picture.mime};base64,${{{read}}}`"
        return _json(value)

    imports = 'import { readFileSync } from "node:fs";\n\n' if files else ""
    if api.is_bearer:
        sign_in = f"`Bearer ${{process.env.{_TOKEN}}}`"
        key = ""
    else:
        key = f"const key = `${{process.env.{_KEY}}}:${{process.env.{_SECRET}}}`;\n"
        sign_in = '`Basic ${Buffer.from(key).toString("base64")}`'
    return (
        f"{imports}{key}"
        f"const body = {_formatted(body, literal)};\n"
        f"const response = await fetch({_json(address)}, {{\n"
        '  method: "POST",\n'
        f'  headers: {{ Authorization: {sign_in}, "Content-Type": "application/json" }},\n'
        "  body: JSON.stringify(body),\n});\n"
        "if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);\n"
        "const { hits } = (await response.json()) as "
        "{ hits: { id: string; metadata?: { name?: string } }[] };\n"
        "for (const hit of hits) console.log(hit.id, hit.metadata?.name);\n"
    )


# shared


def _json(value: object) -> str:
    """Return a scalar as readable JSON; characters that cannot be printed are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def _formatted(
    value: object, literal: Callable[[object], str], *, step: str = "  ", indent: str = ""
) -> str:
    """Return a value on several lines; `literal` formats what is not a list or an object."""
    deeper = indent + step
    if isinstance(value, dict):
        items = [
            f"{literal(name)}: {_formatted(each, literal, step=step, indent=deeper)}"
            for name, each in value.items()
        ]
        opening, closing = "{", "}"
    elif isinstance(value, list):
        items = [_formatted(each, literal, step=step, indent=deeper) for each in value]
        opening, closing = "[", "]"
        if len("".join(items)) < 60 and not any("\n" in item for item in items):
            return f"[{', '.join(items)}]"
    else:
        return literal(value)
    inner = ",\n".join(f"{deeper}{item}" for item in items)
    return f"{opening}\n{inner}\n{indent}{closing}"
