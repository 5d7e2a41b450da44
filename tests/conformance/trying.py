"""Cases of the definitions, sent to the running service and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.conformance.checks import faults
from tests.conformance.definitions import APIS, declared, operations, tested
from tests.conformance.documents import DOCUMENTS, ENDED, listener
from tests.conformance.served import FACES, Served
from tests.conformance.tally import Row, Tally
from tests.service_kit import ROOT

Operation = tuple[str, str, str]
"""Face, path, method."""
Expected = Callable[[requests.Response], Iterable[str]]


def bounded(examples: int) -> Any:
    """The same so many examples every time, and every one of them tried."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )


def every_operation(*methods: str) -> list[Operation]:
    """The operations of all definitions with these methods."""
    return [
        (face, path, method)
        for face, api in APIS.items()
        for path, method, _ in operations(tested(api))
        if not methods or method in methods
    ]


@cache
def schema(face: str) -> OpenApiSchema:
    return schemathesis.openapi.from_dict(tested(APIS[face]))


@cache
def offered_by(market: str) -> frozenset[str]:
    """The operations that a market's file declares."""
    return frozenset(yaml.safe_load((ROOT / "config" / "markets" / f"{market}.yaml").read_text(encoding="utf-8"))["operations"])


def offers(market: str, operation: Operation) -> bool:
    """Whether the market has a counterpart: of lists and reads, resources of the kind; of everything else, that very operation."""
    face, path, method = operation
    route = next(route for route in FACES[face].routes if (route.path, route.method) == (path, method))
    if route.kind == "notOffered":
        return False
    resource = route.operation.partition(".")[0]
    if resource == "hub":
        return True
    mine = offered_by(market)
    return any(name.startswith(f"{resource}.") for name in mine) if method == "GET" else route.operation in mine


def written_by_people(value: Any) -> Any:
    """The same without characters that no text has: a legacy system cannot be sent them, so every face refuses them with 400."""
    if isinstance(value, dict):
        return {written_by_people(name): written_by_people(part) for name, part in value.items()}
    if isinstance(value, list):
        return [written_by_people(part) for part in value]
    return "".join(char for char in value if char.isprintable()) if isinstance(value, str) else value


def _nothing(_: requests.Response) -> Iterable[str]:
    return ()


class Trial:
    """One operation in one market: sends, judges, counts."""

    def __init__(self, served: Served, tally: Tally, market: str, operation: Operation) -> None:
        self.served, self.market, self.operation = served, market, operation
        self.face, self.path, self.method = operation
        self.api = APIS[self.face]
        self.row: Row = tally.row(self.api, self.path, self.method, market)
        self.failures: dict[str, str] = {}
        self.offered = offers(market, operation)

    @property
    def resource(self) -> str:
        """The kind of resource that the path is about."""
        return [step for step in self.path.split("/") if step and not step.startswith("{")][-1]

    @property
    def required(self) -> frozenset[str]:
        """The members that a body has to have."""
        declared = tested(self.api)["paths"][self.path][self.method.lower()]
        return frozenset(name for one in declared["parameters"] if one["in"] == "body" for name in one["schema"].get("required", ()))

    def aimed(self, case: Case, *, known: bool) -> Case:
        """The case for this market; ``known``: about a resource that is there."""
        mine = case.derive()
        if known and "id" in mine.path_parameters and self.offered:
            mine.path_parameters = {**mine.path_parameters, "id": self.target()}
        return mine

    def taken(self) -> dict[str, Any]:
        """What the market's backend takes; {} where it has nothing of the kind."""
        if self.resource == "hub":
            return listener()
        make = DOCUMENTS[self.market].get(self.resource)
        return {} if make is None else make(self.served.maker(self.market))

    def target(self) -> str:
        """The id of a resource that is there: to be read any one, to be changed or deleted one of its own."""
        make = self.served.maker(self.market)
        if self.resource == "hub":
            return str(self.served.listen(self.market, self.face)["id"])
        if self.method == "GET":
            return self.served.one(self.market, self.resource)
        ended = ENDED.get((self.market, self.resource)) if self.method == "DELETE" else None
        return ended(make) if ended is not None else str(make(self.resource, {})["id"])

    def send(self, case: Case, expected: Expected = _nothing) -> requests.Response:
        """Sends and judges the case; ``expected`` says what else is wrong with the answer."""
        _ = case.meta  # is worked out anew where something was changed, and not after the request was made ready
        case.freeze_metadata()
        made = case.as_transport_kwargs(base_url=self.served.url + FACES[self.face].base, headers=self.served.headers(self.market))
        response = self.served.session.request(**made, timeout=30)
        return self.judge(case, response, *expected(response))

    def judge(self, case: Case, response: requests.Response, *expected: str) -> requests.Response:
        """Counts the answer and what is wrong with it; ``expected`` are further faults that were found."""
        row, status = self.row, response.status_code
        row.cases += 1
        row.accepted += status < 300
        row.statuses[status] += 1
        if status not in declared(self.api, self.path, self.method):
            row.undeclared[status] += 1
        for fault in [*self._faults(case, response), *expected]:
            self.found(fault, response)
        return response

    def found(self, fault: str, response: requests.Response) -> None:
        """Something is wrong with an answer."""
        text = f"{fault}\n    {self._sent(response)}\n    {response.status_code} {response.text[:600]}"
        self.failures.setdefault(_kind(fault), text)
        self.row.failures.setdefault(_kind(fault), text)

    def case_about(self, identity: str) -> Case:
        """A case about one resource, for requests that are made by hand."""
        return schema(self.face)[self.path][self.method].Case(path_parameters={"id": identity})

    def _faults(self, case: Case, response: requests.Response) -> Iterator[str]:
        yield from faults(self.api, case, response)
        if not self.offered and response.status_code not in (501, 405, 400, 415):
            yield f"{self.market} has no counterpart, and the answer is {response.status_code}"
        if self.offered and response.status_code == 501:
            yield f"{self.market} has a counterpart, and the answer is 501"

    def forget(self, response: requests.Response) -> None:
        """Takes a listener away again: a client may have so many only."""
        if self.resource == "hub" and response.status_code == 201:
            self.served.ask(self.market, "DELETE", f"{FACES[self.face].base}/hub/{response.json()['id']}")

    def failed(self) -> str:
        """All that was found, for an assertion."""
        return "\n".join(f"[{self.market}] {self.method} {self.path}: {text}" for text in self.failures.values())

    def _sent(self, response: requests.Response) -> str:
        request = response.request
        body = request.body if isinstance(request.body, str | bytes | None) else "…"
        return f"{request.method} {request.url[:300]} {(body or b'')[:1500]!r}"


def _kind(fault: str) -> str:
    """What makes two faults one: all but names and numbers."""
    return "".join(char for char in fault[:90] if not char.isdigit())


def none_failed(trials: Sequence[Trial]) -> None:
    """Fails with everything that was found."""
    assert not any(trial.failures for trial in trials), "\n".join(trial.failed() for trial in trials)
