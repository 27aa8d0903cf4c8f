"""Pages of listings and JSON responses: `pageSize`, `paginationToken`, and the tokens."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec
from flask import Response, request

from library.errors import BadRequest
from library.query.search_query import integer_argument

_ENCODE = msgspec.json.Encoder().encode


def json_response(content: Any, status: int = 200) -> Response:
    """Return a JSON response."""
    return Response(_ENCODE(content), status=status, mimetype="application/json")


def page_size(default: int) -> int:
    """Return `pageSize` of the request. Raises BadRequest."""
    size = integer_argument(request.args, "pageSize", 1)
    if size is not None and size > 100:
        raise BadRequest("`pageSize` exceeds maximum (100)")
    return size or default


def token(key: Any) -> str:
    """Return the token of the page that begins after `key`."""
    return base64.urlsafe_b64encode(_ENCODE(key)).decode()


def token_key(kind: Any) -> Any:
    """Return the key in `paginationToken`, or None when there is none. Raises BadRequest."""
    text = request.args.get("paginationToken")
    if not text:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text), type=kind)
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        raise BadRequest("`paginationToken` was not issued by this library") from None
