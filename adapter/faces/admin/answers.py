"""How the operator's face answers: JSON, and an error with its text and its name, by which a command tells it as it was."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter.errors import AdapterError, ConfigError, Conflict, InvalidMessage, NotFound, StoreUnavailable

Work = Callable[[Request], Awaitable[Any]]

REFUSALS: dict[type[AdapterError], int] = {
    NotFound: 404,
    ConfigError: 409,
    Conflict: 409,
    InvalidMessage: 400,
    StoreUnavailable: 503,
}
"""The errors that an operator is told in their own words."""


def guarded(path: str, work: Work, token: str, method: str = "GET") -> Route:
    """A route whose answer is what ``work`` returns, as JSON, for those who know the token."""

    async def answer(request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return _json({"error": "the token of service.json is needed"}, 401)
        try:
            return _json(await work(request))
        except tuple(REFUSALS) as error:
            kind = next(kind for kind in REFUSALS if isinstance(error, kind))
            return _json({"error": str(error), "kind": kind.__name__}, REFUSALS[kind])

    return Route(path, answer, methods=[method])


def number(query: QueryParams, name: str, otherwise: int, most: int) -> int:
    """A whole number of the query, at most ``most``; ``otherwise`` where there is none."""
    asked = query.get(name, "")
    return min(int(asked), most) if asked.isdecimal() and len(asked) < 10 else otherwise


def said(query: QueryParams, name: str) -> str:
    """A text of the query that has to be there. Raises InvalidMessage."""
    text = query.get(name, "").strip()
    if not text:
        raise InvalidMessage(f"'{name}' is missing")
    return text


def yes(query: QueryParams, name: str) -> bool:
    """Whether the query sets this switch."""
    return query.get(name, "") in ("1", "true", "True", "yes")


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
