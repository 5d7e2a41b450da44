"""The judge itself: it has nothing against a right answer, and something against every wrong one."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from urllib3 import HTTPResponse

from tests.conformance.checks import faults
from tests.conformance.trying import schema

HREF = "http://127.0.0.1/tmf-api/troubleTicket/v4/troubleTicket/T-1"
TICKET = {"id": "T-1", "href": HREF, "status": "inProgress", "creationDate": "2026-11-23T10:00:00.000Z"}
ERROR = {"code": "not-found", "reason": "Not found", "message": "There is no troubleTicket 'T-1'", "status": "404", "@type": "Error"}
JSON = {"Content-Type": "application/json;charset=utf-8"}
COUNTS = {"X-Total-Count": "1", "X-Result-Count": "1"}


def answer(status: int, body: Any, headers: dict[str, str]) -> requests.Response:
    made = requests.Response()
    made.status_code, made.headers = status, requests.structures.CaseInsensitiveDict(headers)
    made._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    made.request = requests.Request("GET", HREF).prepare()
    made.url = HREF
    made.raw = HTTPResponse(headers=headers)
    return made


def found(path: str, method: str, status: int, body: Any, headers: dict[str, str], query: dict[str, str] | None = None) -> list[str]:
    case = schema("tmf621")[path][method].Case(path_parameters={"id": "T-1"} if "{" in path else {}, query=query or {})
    return list(faults("TMF621", case, answer(status, body, headers)))


RIGHT: dict[str, Any] = {
    "one": ("/troubleTicket/{id}", "GET", 200, TICKET, JSON),
    "made": ("/troubleTicket", "POST", 201, TICKET, JSON | {"Location": HREF}),
    "list": ("/troubleTicket", "GET", 200, [TICKET], JSON | COUNTS),
    "part": ("/troubleTicket", "GET", 206, [TICKET], JSON | COUNTS | {"X-Total-Count": "2"}),
    "number": ("/troubleTicket", "GET", 206, [], JSON | {"X-Total-Count": "2", "X-Result-Count": "0"}, {"limit": "0"}),
    "behind the last": ("/troubleTicket", "GET", 200, [], JSON | {"X-Total-Count": "2", "X-Result-Count": "0"}, {"offset": "7"}),
    "selection": ("/troubleTicket", "GET", 200, [{"id": "T-1", "href": HREF}], JSON | COUNTS, {"fields": "id"}),
    "gone": ("/troubleTicket/{id}", "DELETE", 204, b"", {}),
    "absent": ("/troubleTicket/{id}", "GET", 404, ERROR, JSON),
}
WRONG: dict[str, Any] = {
    "a status of no definition": ("/troubleTicket/{id}", "GET", 418, ERROR | {"status": "418"}, JSON),
    "a fault of the service": ("/troubleTicket/{id}", "GET", 500, ERROR | {"status": "500"}, JSON),
    "another media type": ("/troubleTicket/{id}", "GET", 200, TICKET, {"Content-Type": "text/plain"}),
    "a value of no enumeration": ("/troubleTicket/{id}", "GET", 200, TICKET | {"status": "open"}, JSON),
    "a member of another type": ("/troubleTicket/{id}", "GET", 200, TICKET | {"note": "ring twice"}, JSON),
    "a date that is none": ("/troubleTicket/{id}", "GET", 200, TICKET | {"creationDate": "yesterday"}, JSON),
    "no href": ("/troubleTicket/{id}", "GET", 200, {"id": "T-1"}, JSON),
    "no Location": ("/troubleTicket", "POST", 201, TICKET, JSON),
    "another Location": ("/troubleTicket", "POST", 201, TICKET, JSON | {"Location": HREF + "7"}),
    "no counts": ("/troubleTicket", "GET", 200, [TICKET], JSON),
    "wrong counts": ("/troubleTicket", "GET", 200, [TICKET], JSON | COUNTS | {"X-Result-Count": "2"}),
    "a part with 200": ("/troubleTicket", "GET", 200, [TICKET], JSON | COUNTS | {"X-Total-Count": "2"}),
    "a number with 200": ("/troubleTicket", "GET", 200, [], JSON | {"X-Total-Count": "2", "X-Result-Count": "0"}, {"limit": "0"}),
    "the whole with 206": ("/troubleTicket", "GET", 206, [TICKET], JSON | COUNTS),
    "more than was asked for": ("/troubleTicket", "GET", 200, [TICKET], JSON | COUNTS, {"fields": "status"}),
    "a wrong value in a selection": ("/troubleTicket", "GET", 200, [TICKET | {"status": 7}], JSON | COUNTS, {"fields": ",".join(TICKET)}),
    "a body with 204": ("/troubleTicket/{id}", "DELETE", 204, b"gone", {}),
    "an Error without a reason": ("/troubleTicket/{id}", "GET", 404, {"code": "60", "status": "404"}, JSON),
    "an Error of another status": ("/troubleTicket/{id}", "GET", 404, ERROR | {"status": "400"}, JSON),
    "a framework's error": ("/troubleTicket/{id}", "GET", 404, ERROR | {"detail": "Not Found"}, JSON),
    "a page": ("/troubleTicket/{id}", "GET", 404, b"<html>Not Found</html>", JSON),
    "the inside": ("/troubleTicket/{id}", "GET", 404, ERROR | {"message": 'Traceback: File "gateway.py", line 7'}, JSON),
}


@pytest.mark.parametrize("case", RIGHT)
def test_a_right_answer_is_right(case: str) -> None:
    assert found(*RIGHT[case]) == []


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_answer_is_found(case: str) -> None:
    assert found(*WRONG[case])
