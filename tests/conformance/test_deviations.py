"""Every status beyond the definitions, brought about on purpose: it comes where it is said to, as an Error."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.conformance.definitions import DEVIATIONS
from tests.conformance.documents import DOCUMENTS
from tests.conformance.served import MARKETS, UNREACHABLE, Served, collection, face_of
from tests.conformance.tally import Tally
from tests.conformance.trying import Trial, none_failed

WITHIN = 30.0  # seconds, on a busy machine


class Asked(NamedTuple):
    """One request; ``id`` where it is about one resource."""

    market: str
    resource: str
    method: str
    body: Any
    id: str = ""


def _lab_order(served: Served, **changed: Any) -> dict[str, Any]:
    return DOCUMENTS["lab"]["productOrder"](served.maker("lab")) | changed


def _test(served: Served, **changed: Any) -> dict[str, Any]:
    return DOCUMENTS["pl"]["serviceTest"](served.maker("pl")) | changed


def _ended_meanwhile(served: Served) -> Asked:
    """An order that its backend has ended, and of which nobody has told yet."""
    identity = served.create("lab", "productOrder", {"externalId": "STOP-1"})["id"]
    end = time.monotonic() + WITHIN
    while served.ask("lab", "GET", f"{collection('productOrder')}/{identity}").json()["state"] != "cancelled":
        assert time.monotonic() < end, f"{identity} was not stopped within {WITHIN} s"
    return Asked("lab", "productOrder", "PATCH", {"description": "another"}, identity)


BROUGHT_ABOUT: dict[int, Callable[[Served], Asked]] = {
    404: lambda _: Asked("lab", "cancelProductOrder", "POST", {"productOrder": {"id": "there-is-none"}}),
    413: lambda served: Asked("lab", "productOrder", "POST", _lab_order(served, description="x" * 2_000_000)),
    415: lambda _: Asked("lab", "productOrder", "POST", b"<order/>"),
    422: _ended_meanwhile,
    429: lambda served: Asked("pl", "serviceTest", "POST", _test(served, relatedService={"id": "LIMIT"})),
    501: lambda _: Asked("lab", "individual", "POST", {"givenName": "Ada", "familyName": "Nowak"}),
    503: lambda served: Asked(UNREACHABLE, "productOrder", "POST", _lab_order(served)),
    504: lambda served: Asked("lab", "productOrder", "POST", _lab_order(served, externalId="LOST-1")),
}


def test_each_deviation_is_brought_about_here_or_by_the_tests_of_lists() -> None:
    assert {one.status for one in DEVIATIONS} == set(BROUGHT_ABOUT) | {206}


@pytest.mark.parametrize("status", BROUGHT_ABOUT)
def test_a_deviation_is_an_error_of_the_api(served: Served, tally: Tally, status: int) -> None:
    market, resource, method, body, identity = BROUGHT_ABOUT[status](served)
    face = face_of(resource)
    path = f"/{resource}/{{id}}" if identity else f"/{resource}"
    trial = Trial(served, tally, market if market in MARKETS else "lab", (face.face, path, method))
    place = face.base + path.replace("{id}", identity)
    sent = {"data": body, "headers": {"Content-Type": "application/xml"}} if isinstance(body, bytes) else {"json": body}
    answer = served.ask(market, method, place, **sent)
    trial.judge(trial.case_about("7"), answer)
    none_failed([trial])
    assert answer.status_code == status, answer.text
    assert ("Retry-After" in answer.headers) == (status in (503, 504))
