"""TM Forum lists: which part of the matching resources one answer holds, and the headers that say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

from adapter.errors import InvalidMessage, Problem
from adapter.faces.attributes import Attributes
from adapter.faces.declaration import Listing
from adapter.faces.filters import Filter, instant, parse_filter, values_at
from adapter.ports import Document, Result

_CONTROL = frozenset({"fields", "offset", "limit", "sort"})
_MOST_OFFSET = 10**9


class Page(NamedTuple):
    """One answer's documents, complete and in order, and how many match in all."""

    documents: list[Document]
    total: int


@dataclass(frozen=True, slots=True)
class SortKey:
    """One attribute to sort by."""

    path: tuple[str, ...]
    descending: bool


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What one list request asks for. ``complete`` makes the face's document of a result; ``paged``: the caller asked for a part."""

    face: str
    operation: str
    client: str
    filter: Filter
    offset: int
    limit: int
    paged: bool
    complete: Callable[[Result], Document]
    sort: tuple[SortKey, ...] = ()
    fields: tuple[str, ...] = ()

    def collector(self) -> Collector:
        """Takes results one by one and keeps no more of them than the page needs."""
        return Collector(self)

    def page(self, results: Iterable[Result]) -> Page:
        """The page of all these results."""
        collector = self.collector()
        for result in results:
            collector.add(result)
        return collector.page()

    def equal(self, attribute: str) -> str | None:
        """The one text that the attribute has to be equal to, for a store that can look it up; else None."""
        return self.filter.equal(attribute)


class Collector:
    """Filters, counts and keeps the window of one query. Not thread-safe."""

    def __init__(self, query: ListQuery) -> None:
        self._query = query
        self._kept: list[Document] = []
        self._total = 0

    def add(self, result: Result) -> None:
        """Takes one result into account."""
        query, document = self._query, self._query.complete(result)
        if not query.filter.matches(document):
            return
        self._total += 1
        window = query.offset + query.limit
        if query.sort:
            self._kept.append(document)
            if len(self._kept) > 2 * window + 64:
                self._kept = _sorted(self._kept, query.sort)[:window]
        elif query.offset < self._total <= window:
            self._kept.append(document)

    def page(self) -> Page:
        """The page of what was added."""
        query = self._query
        if not query.sort:
            return Page(self._kept, self._total)
        return Page(_sorted(self._kept, query.sort)[query.offset : query.offset + query.limit], self._total)


def parse_list(
    pairs: Sequence[tuple[str, str]],
    listing: Listing,
    attributes: Attributes,
    *,
    face: str,
    operation: str,
    client: str,
    complete: Callable[[Result], Document],
) -> ListQuery:
    """The query behind the parameters of a list request. Raises InvalidMessage naming each parameter that does not fit."""
    control: dict[str, str] = {}
    for name, value in pairs:
        if name in _CONTROL:
            control[name] = f"{control[name]},{value}" if name in control and name in ("fields", "sort") else value
    offset = _count(control, "offset", 0, _MOST_OFFSET)
    asked = _count(control, "limit", listing.maximum, _MOST_OFFSET)
    return ListQuery(
        face=face,
        operation=operation,
        client=client,
        filter=parse_filter([pair for pair in pairs if pair[0] not in _CONTROL], attributes.known),
        offset=offset,
        limit=min(asked, listing.maximum),
        paged="offset" in control or "limit" in control,
        sort=_sort_keys(control.get("sort", ""), listing, attributes),
        fields=names_of(control.get("fields", "")),
        complete=complete,
    )


def names_of(text: str) -> tuple[str, ...]:
    """The names of a comma list, as ``fields`` has it."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def select(document: Document, fields: Sequence[str]) -> Document:
    """The named first-level members, and always ``id`` and ``href``. Without names, all of them."""
    if not fields:
        return document
    wanted = {"id", "href", *(name.partition(".")[0] for name in fields)}
    return {name: value for name, value in document.items() if name in wanted}


def page_headers(query: ListQuery, page: Page, path: str, pairs: Sequence[tuple[str, str]]) -> tuple[int, dict[str, str]]:
    """Status and headers of a list answer: 206 where the body holds a part of what matches, also where no more than its number was asked
    for (``limit=0``); 200 where it holds all, or begins behind the last."""
    shown = len(page.documents)
    headers = {"X-Total-Count": str(page.total), "X-Result-Count": str(shown)}
    partial = shown < page.total and (shown > 0 or query.limit == 0)
    if query.limit and (partial or query.paged):
        headers["Link"] = ", ".join(
            f'<{path}?{_page_query(pairs, start, query.limit)}>; rel="{name}"' for name, start in _pages(query, page.total)
        )
    return (206 if partial else 200), headers


def _pages(query: ListQuery, total: int) -> list[tuple[str, int]]:
    last = (total - 1) // query.limit * query.limit if total else 0
    pages = [("self", query.offset), ("first", 0)]
    if query.offset > 0:
        pages.append(("prev", max(0, min(query.offset, total) - query.limit)))
    if query.offset + query.limit < total:
        pages.append(("next", query.offset + query.limit))
    return [*pages, ("last", last)]


def _page_query(pairs: Sequence[tuple[str, str]], offset: int, limit: int) -> str:
    kept = [(name, value) for name, value in pairs if name not in ("offset", "limit")]
    return "&".join(
        f"{quote(name, safe='@')}={quote(value, safe=':')}" for name, value in [*kept, ("offset", str(offset)), ("limit", str(limit))]
    )


def _count(control: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = control.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or int(text) > most:
        raise InvalidMessage("The part of the list cannot be worked out", [Problem(name, "has to be a whole number from 0 on")])
    return int(text)


def _sort_keys(text: str, listing: Listing, attributes: Attributes) -> tuple[SortKey, ...]:
    names = names_of(text)
    if names and not listing.sort:
        raise InvalidMessage("The list cannot be sorted", [Problem("sort", "is not offered by this operation")])
    keys = tuple(SortKey(tuple(name.lstrip("+-").split(".")), name.startswith("-")) for name in names)
    problems = [Problem("sort", f"'{'.'.join(key.path)}' is not an attribute") for key in keys if not attributes.known(key.path)]
    if problems:
        raise InvalidMessage("The list cannot be sorted", problems)
    return keys


def _sorted(documents: list[Document], keys: Sequence[SortKey]) -> list[Document]:
    """Stable; instants and numbers by value, everything else as text, what is missing last in either direction."""
    for key in reversed(keys):
        there = [(rank, document) for document in documents if (rank := _rank(document, key.path)) is not None]
        missing = [document for document in documents if _rank(document, key.path) is None]
        there.sort(key=lambda pair: pair[0], reverse=key.descending)
        documents = [document for _, document in there] + missing
    return documents


def _rank(document: Document, path: tuple[str, ...]) -> tuple[int, Any] | None:
    value = next((value for value in values_at(document, path) if value is not None), None)
    if value is None:
        return None
    if isinstance(value, str):
        moment = instant(value)
        return (1, value) if moment is None else (0, moment.timestamp())
    return (0, value) if isinstance(value, int | float) or hasattr(value, "as_tuple") else (1, str(value))
