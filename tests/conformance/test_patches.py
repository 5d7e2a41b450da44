"""PATCH by both media types, and requests that are wrong in ways that no definition describes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import Case

from tests.conformance.served import FACES, MARKETS, Served, collection
from tests.conformance.tally import Tally
from tests.conformance.trying import Operation, Trial, bounded, every_operation, none_failed, offers, schema, written_by_people

MERGE, OPERATIONS = "application/merge-patch+json", "application/json-patch+json"
PATCHED = [(market, one) for one in every_operation("PATCH") for market in MARKETS if offers(market, one)]
each_patch = pytest.mark.parametrize(("market", "operation"), PATCHED, ids=lambda one: one if isinstance(one, str) else one[1])


class Patcher:
    """PATCH of one kind of resource in one market, with bodies that the definition does not describe."""

    def __init__(self, served: Served, tally: Tally, market: str, operation: Operation) -> None:
        self.trial = Trial(served, tally, market, operation)
        self.path = collection(self.trial.resource)

    def patch(self, media: str, body: Any, wrong: Any = lambda _: ()) -> requests.Response:
        """Sends a body of a media type about a resource of its own, and judges the answer."""
        identity = self.trial.target()
        mine = self.trial.case_about(identity)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.trial.served.ask(self.trial.market, "PATCH", f"{self.path}/{identity}", data=data, headers={"Content-Type": media})
        return self.trial.judge(mine, answer, *wrong(answer))


@pytest.fixture
def patcher(served: Served, tally: Tally, market: str, operation: Operation) -> Iterable[Patcher]:
    made = Patcher(served, tally, market, operation)
    yield made
    none_failed([made.trial])


@each_patch
def test_both_forms_of_a_patch_come_to_the_same(patcher: Patcher, operation: Operation) -> None:
    face, path, method = operation

    @bounded(12)
    @given(schema(face)[path][method].as_strategy(), st.integers(0, 3))
    def attempt(case: Case, members: int) -> None:
        body = written_by_people(dict(list(case.body.items())[:members]))
        steps = [{"op": "add", "path": "/" + name.replace("~", "~0").replace("/", "~1"), "value": value} for name, value in body.items()]
        merged = patcher.patch(MERGE, {name: value for name, value in body.items() if value is not None})
        operated = patcher.patch(OPERATIONS, [step for step in steps if step["value"] is not None])
        if merged.status_code != operated.status_code:
            patcher.trial.found(f"the merge patch got {merged.status_code}, the JSON patch {operated.status_code}: {operated.text}", merged)

    attempt()


@each_patch
def test_an_empty_patch_changes_nothing(patcher: Patcher) -> None:
    for media, body in ((MERGE, {}), (OPERATIONS, []), ("application/json", {})):
        answer = patcher.patch(media, body, lambda answer: () if answer.status_code == 200 else ["an empty patch is refused"])
        assert answer.json()["id"]


@each_patch
def test_operations_that_do_not_fit_are_refused(patcher: Patcher) -> None:
    wrong: list[tuple[Any, set[int]]] = [
        ([{"op": "test", "path": "/id", "value": "another"}], {409}),
        ([{"op": "remove", "path": "/noSuchMember"}], {409}),
        ([{"op": "replace", "path": "/noSuchMember/deeper", "value": 1}], {409}),
        ([{"op": "replace", "path": "/id", "value": "another"}], {400}),
        ([{"op": "add", "path": "id", "value": 1}], {400}),
        ([{"op": "no such operation", "path": "/id"}], {400}),
        ([{"path": "/id"}], {400}),
        ([1], {400}),
        ({"op": "remove", "path": "/id"}, {400}),
        (b"[", {400}),
    ]
    for body, statuses in wrong:
        patcher.patch(OPERATIONS, body, lambda answer, statuses=statuses: _unless(answer, statuses))


@each_patch
def test_what_the_server_owns_stays_its_own(patcher: Patcher) -> None:
    for member in ("id", "href", "@type"):
        patcher.patch(MERGE, {member: "another"}, lambda answer: _unless(answer, {400}))
        patcher.patch(MERGE, {member: None}, lambda answer: _unless(answer, {400}))


@each_patch
def test_other_media_types_are_named_in_the_refusal(patcher: Patcher) -> None:
    for media in ("text/plain", "application/xml", "application/json-patch-query+json", ""):
        patcher.patch(media, b"{}", lambda answer: _unless(answer, {415}))


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("market", MARKETS)
def test_everything_else_is_an_error_of_the_api(served: Served, face: str, market: str) -> None:
    base = FACES[face].base
    resource = next(route.resource for route in FACES[face].routes)
    for status, method, path, more in (
        (404, "GET", "/noSuchResource", {}),
        (404, "POST", "/noSuchResource/7", {"json": {}}),
        (405, "PUT", f"/{resource}", {"json": {}}),
        (405, "DELETE", f"/{resource}", {}),
        (405, "PUT", "/hub/7", {"json": {}}),
        (406, "GET", f"/{resource}", {"headers": {"Accept": "text/html"}}),
        (400, "GET", "/hub?offset=%FF", {}),
        (404, "GET", "/hub/no-such-listener", {}),
        (401, "GET", f"/{resource}", {"headers": {"client-secret": "another"}}),
        (403, "GET", f"/{resource}", {"headers": {"X-Market": "nowhere"}}),
        (400, "POST", "/hub", {"data": b"{", "headers": {"Content-Type": "application/json"}}),
        (415, "POST", "/hub", {"data": b"{}", "headers": {"Content-Type": "text/plain"}}),
    ):
        answer = served.ask(market, method, base + path, **more)
        assert answer.status_code == status, (method, path, answer.text)
        assert answer.headers["content-type"] == "application/json;charset=utf-8"
        error = answer.json()
        assert set(error) == {"code", "reason", "message", "status", "@type"}
        assert (error["status"], error["@type"]) == (str(status), "Error")


def _unless(answer: requests.Response, statuses: set[int]) -> Iterable[str]:
    if answer.status_code not in statuses:
        yield f"{answer.status_code} and not {' or '.join(map(str, statuses))}: {answer.request.body!r}"
