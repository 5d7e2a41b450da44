"""What a request says of itself beside its body: the market it is for, and the key under which it is carried out once.

What the face declares of both is taken out of its declaration here, before a request comes.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapter.errors import InvalidMessage, Problem
from adapter.faces.callers import Caller
from adapter.faces.declaration import Face
from adapter.faces.incoming import Incoming
from adapter.faces.parameters import Headers


class MarketMark:
    """Finds the market of a request."""

    __slots__ = ("_default", "_header", "_headers", "_path", "_table")

    def __init__(self, face: Face, headers: Headers) -> None:
        source = face.market
        self._path, self._header, self._headers = source.path, source.header, headers
        self._table, self._default = source.table, source.default

    def of(self, incoming: Incoming, path: Mapping[str, str], caller: Caller) -> tuple[str, bool]:
        """The market, and whether the request itself names it. Raises InvalidMessage with the value that is none."""
        table = self._table
        sent = path[self._path] if self._path else self._headers.one(incoming, self._header) if self._header else ""
        if sent:
            market = table.get(sent) if table else sent
            if market is None:
                raise InvalidMessage(problems=[Problem(self._path or self._header, f"'{sent[:40]}' is not one of {', '.join(table)}")])
            return market, True
        own = caller.markets
        market = caller.market or (own[0] if len(own) == 1 else self._default)
        if market not in own:
            problem = Problem(self._path or self._header, f"the request has to name its market: {', '.join(own)}")
            raise InvalidMessage(problems=[problem])
        return market, False


class KeyMark:
    """Finds the idempotency key of a request."""

    __slots__ = ("_by_correlation", "_correlation", "_header")

    def __init__(self, face: Face) -> None:
        self._header, self._by_correlation = face.idempotency.header, face.idempotency.correlation
        self._correlation = face.correlation.header

    def of(self, header: Mapping[str, str], sent_id: str, *, creates: bool) -> str:
        """``kind:value``; the correlation id that the caller sent counts only with something new: one chain of calls may well change the
        same resource more than once."""
        name = self._header
        if name and (value := header.get(name)):
            return f"{name}:{value}"
        return f"{self._correlation}:{sent_id}" if sent_id and creates and self._by_correlation else ""
