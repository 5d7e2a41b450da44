"""Poland: what the adapter itself says of the states of tickets and persons, where a worker delivers them, and where a person settles them.

Each has its state in a member of its own (``status``), and not every life has the states ``held`` and ``acknowledged``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.http_server import Transport
from simulators.nexera.scenario import Refusal, Response
from tests.listener_kit import resource_of
from tests.pl_kit import Operator, operating, pl_home

CREATED, STATUS = "TroubleTicketCreateEvent", "TroubleTicketStatusChangeEvent"
REFUSED = Response(refuse=Refusal(status=400, code="INVALID", reason="There is no such line"))
SILENT = Response(transport=Transport.CLOSE)  # kept, and not a word


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    folder = tmp_path_factory.mktemp("pl-deferred")
    with (pl_home(folder / "home") / "config" / "markets" / "pl.yaml").open("a", encoding="utf-8") as declared:
        declared.write("delivery: deferred\n")
    with operating(folder) as running:
        yield running


def operators_token(folder: Path) -> dict[str, str]:
    service = json.loads((folder / "data" / "service.json").read_text(encoding="utf-8"))
    return {"Authorization": f"Bearer {service['token']}"}


def test_a_ticket_that_nexera_refuses_is_rejected_in_its_own_member(operator: Operator) -> None:
    operator.twin.once("createTroubleTicket", REFUSED)
    ticket = operator.ticket()
    events = operator.becomes(ticket, "rejected")
    assert [event["eventType"] for event in events] == [CREATED, STATUS]
    shown = operator.get("troubleTicket", ticket)
    assert (shown["status"], resource_of(events[-1])["status"]) == ("rejected", "rejected")
    assert "state" not in shown


def test_a_ticket_whose_fate_is_unknown_is_held_until_it_is_found(operator: Operator) -> None:
    operator.twin.once("createTroubleTicket", SILENT)
    ticket = operator.ticket()
    operator.becomes(ticket, "held")
    states = [resource_of(event)["status"] for event in operator.becomes(ticket, "acknowledged")]
    assert states[0] == "acknowledged"
    assert "held" in states
    assert "state" not in operator.get("troubleTicket", ticket)
    assert operator.twin.bookings()["total"] >= 1


def test_a_person_has_no_state_for_doubt_and_goes_on_in_the_one_it_has(operator: Operator) -> None:
    operator.twin.once("createIndividual", SILENT)
    before = operator.twin.bookings()["total"]
    person = operator.customer()
    operator.twin.once("createTroubleTicket", REFUSED)
    operator.becomes(operator.ticket(), "rejected")  # the lane has gone on
    shown = operator.get("individual", person)
    assert shown["status"] == "initialized"
    assert "state" not in shown
    assert operator.twin.bookings()["total"] == before + 1


TICKET = {"description": "no light", "severity": "Major", "ticketType": "consumerFault"}
PERSON = {"givenName": "Jan", "familyName": "Żak"}


@pytest.mark.parametrize(("kind", "body", "status"), [("troubleTicket", TICKET, "acknowledged"), ("individual", PERSON, "initialized")])
def test_what_is_settled_by_hand_is_where_its_own_life_begins(tmp_path: Path, kind: str, body: dict[str, str], status: str) -> None:
    name = f"{kind[0].upper()}{kind[1:]}"
    with operating(tmp_path) as operator:
        operator.twin.once(f"create{name}", Response(keep=False, transport=Transport.CLOSE))
        operator.twin.once(f"list{name}", Response(keep=False, transport=Transport.CLOSE), times=100)
        operator.post(kind, 504, {"Idempotency-Key": "K-1"}, **body)
        admin = operators_token(tmp_path)
        [order] = operator.http.get("/admin/orders", headers=admin).json()
        said = {"verdict": "accepted", "reference": "N-77", "why": "seen there", "actor": "ann"}
        settled = operator.http.post(f"/admin/settle/{order['id']}", params=said, headers=admin)
        assert settled.status_code == 200, settled.text
        answer = operator.post(kind, 201, {"Idempotency-Key": "K-1"}, **body)
        assert (answer["id"], answer["status"]) == ("N-77", status)
        assert "state" not in answer


def test_the_backends_own_word_for_the_status_of_a_ticket_that_is_asked_for_is_kept(tmp_path: Path) -> None:
    with operating(tmp_path, environment={"ADAPTER_PL_POLL": "0.3"}) as operator:
        ticket = operator.ticket()
        operator.play("troubleTicket", ticket, "begin")  # Nexera does not tell of it
        operator.becomes(ticket, "inProgress")
        [order] = operator.http.get("/admin/orders", headers=operators_token(tmp_path)).json()
        assert operator.http.get(f"/admin/orders/{order['id']}", headers=operators_token(tmp_path)).json()["legacyState"] == "InProgress"


def test_what_is_refused_has_the_state_that_its_life_declares(tmp_path: Path) -> None:
    file = pl_home(tmp_path / "home") / "config" / "markets" / "pl.yaml"
    own = "  individual: {states: {declined: {end: true}}, edges: {initialized: [declined]}, refused: declined}\n"
    text = file.read_text(encoding="utf-8").replace("lives:\n", f"lives:\n{own}", 1)
    file.write_text(f"{text}delivery: deferred\n", encoding="utf-8")
    with operating(tmp_path) as operator:
        operator.twin.once("createIndividual", REFUSED)
        operator.becomes(operator.customer(), "declined")
