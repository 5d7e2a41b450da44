"""Lists as TMF630 has them: filters on every attribute of the definition, ``fields``, parts of the whole, order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.definitions import APIS, Document, resource_members
from tests.conformance.served import MARKETS, Served
from tests.conformance.tally import Tally
from tests.conformance.trying import Operation, Trial, bounded, every_operation, none_failed, offers, schema

FEW = 5
LISTS = [(market, one) for one in every_operation("GET") if not one[1].endswith("}") for market in MARKETS if offers(market, one)]
each_list = pytest.mark.parametrize(("market", "operation"), LISTS, ids=lambda one: one if isinstance(one, str) else one[1])


class Lister:
    """One list in one market."""

    def __init__(self, served: Served, tally: Tally, market: str, operation: Operation) -> None:
        self.trial = Trial(served, tally, market, operation)
        served.one(market, self.trial.resource)
        self.attributes = resource_members(APIS[operation[0]], operation[1])

    def ask(self, expected: Callable[[Any], Iterator[str]] | None = None, **query: str) -> Any:
        """The list that the query gets, judged; ``expected`` says what is wrong with its elements."""
        face, path, _ = self.trial.operation
        case = schema(face)[path]["GET"].Case(query=query)
        return self.trial.send(case, lambda answer: expected(answer.json()) if expected is not None and answer.ok else ())

    def whole(self) -> list[Document]:
        documents: list[Document] = self.ask().json()
        return documents


@pytest.fixture
def lister(served: Served, tally: Tally, market: str, operation: Operation) -> Iterator[Lister]:
    made = Lister(served, tally, market, operation)
    yield made
    none_failed([made.trial])


@each_list
def test_every_attribute_filters(lister: Lister) -> None:
    whole = lister.whole()
    for name in lister.attributes:
        lister.ask(lambda found, name=name: [f"{name} is no such text"] if found else [], **{name: "no such text"})
        for path, value in leaves(whole, name):
            wanted = {one["id"] for one in whole if value in values(one, path)}

            def fits(found: Any, path: str = path, value: Any = value, wanted: set[str] = wanted) -> Iterator[str]:
                missing = wanted - {one["id"] for one in found}
                if missing and moved(path):  # what goes on by itself may have another value by now
                    missing &= {one["id"] for one in lister.whole() if value in values(one, path)}
                if missing and len(wanted) < 100:
                    yield f"{path}={value} leaves out {sorted(missing)[:3]}"
                yield from (f"{path}={value} finds {one['id']}" for one in found if value not in values(one, path) and not moved(path))

            lister.ask(fits, **{path: text(value)})


@each_list
def test_any_value_of_a_filter_is_answered(lister: Lister) -> None:
    @bounded(20)
    @given(st.sampled_from(sorted(lister.attributes)), st.sampled_from(["", ".eq", ".ne", ".gt", ".lte", ".regex"]), st.text(max_size=20))
    def attempt(name: str, operator: str, value: str) -> None:
        lister.ask(**{name + operator: value})

    attempt()


@each_list
def test_fields_select(lister: Lister) -> None:
    for name in lister.attributes:
        lister.ask(fields=name)
    lister.ask(fields=",".join(list(lister.attributes)[:3]))
    lister.ask(fields="noSuchMember")


@each_list
def test_a_part_is_the_part_of_the_whole(lister: Lister) -> None:
    whole = [one["id"] for one in lister.whole()]

    @bounded(20)
    @given(st.integers(0, len(whole) + 2), st.integers(0, FEW))
    def attempt(offset: int, limit: int) -> None:
        def fits(found: Any) -> Iterator[str]:
            if [one["id"] for one in found] != whole[offset : offset + limit]:
                yield f"offset={offset} limit={limit} is another part"

        answer = lister.ask(fits, offset=str(offset), limit=str(limit))
        assert answer.headers["X-Total-Count"] == str(len(whole))
        assert answer.status_code == (206 if len(answer.json()) < len(whole) and (answer.json() or limit == 0) else 200)
        assert ('rel="next"' in answer.headers.get("Link", "")) == (0 < limit < len(whole) - offset)

    attempt()


@each_list
def test_every_single_attribute_sorts(lister: Lister) -> None:
    for name in lister.attributes:
        for sign in ("", "-"):

            def fits(found: Any, name: str = name, sign: str = sign) -> Iterator[str]:
                there = [one[name] for one in found if isinstance(one.get(name), str)]
                if len(there) == len([one for one in found if one.get(name) is not None]) and not moved(name):
                    if there != sorted(there, reverse=bool(sign)):
                        yield f"sort={sign}{name} is in another order"
                    if any(one.get(name) is None for one in found[: len(there)]):
                        yield f"sort={sign}{name} does not put last what has no {name}"

            lister.ask(fits, sort=sign + name)


def leaves(documents: list[Document], name: str) -> Iterator[tuple[str, Any]]:
    """The first single values at and below a member, with their paths."""
    for document in documents:
        if name in document:
            yield from list(_leaves(document[name], name))[:2]
            return


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for part in value[:1]:
            yield from _leaves(part, path)
    elif isinstance(value, dict):
        for name, part in value.items():
            if name.replace("@", "").isidentifier():
                yield from _leaves(part, f"{path}.{name}")
    elif value not in ("", None):
        yield path, value


def values(value: Any, path: str) -> list[Any]:
    """All single values at a path."""
    if isinstance(value, list):
        return [found for part in value for found in values(part, path)]
    if not path:
        return [value]
    first, _, rest = path.partition(".")
    return values(value[first], rest) if isinstance(value, dict) and first in value else []


def text(value: Any) -> str:
    """A value as a query says it; quoted, since commas part alternatives."""
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def moved(path: str) -> bool:
    """Whether what is there may have become another since it was read: the backends go on meanwhile."""
    return path in ("state", "status", "lastUpdate", "statusChangeDate", "endDateTime", "originalState")
