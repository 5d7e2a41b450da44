"""The simulated Nexera over HTTP: every alternative of its two sequence diagrams, told to an operator that listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from simulators.http_server import HttpReply, HttpRequest, HttpServer
from simulators.nexera import Nexera, Response, nexera
from simulators.nexera.scenario import Kind, Refusal
from tests.waiting import until

FAST = 2000.0  # 86400 s, the longest wait of a script, take 43 s; nothing here waits for that
ITEM = {"id": "1", "action": "add", "productOffering": {"id": "FTTH-1000"}}
SLOT = {"startDateTime": "2026-12-01T08:00:00Z", "endDateTime": "2026-12-01T10:00:00Z"}


class Operator:
    """Listens for callbacks; ``answers`` are the statuses that it gives before it begins to answer 200."""

    def __init__(self, *answers: int) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.keys: list[str | None] = []
        self._answers = list(answers)
        self._server = HttpServer(self._hear)
        self._more = asyncio.Condition()

    def _hear(self, request: HttpRequest) -> HttpReply:
        self.heard.append((request.path.removeprefix("/in/"), json.loads(request.body)))
        self.keys.append(request.headers.get("x-api-key"))
        asyncio.get_running_loop().create_task(self._notify())
        return HttpReply(self._answers.pop(0) if self._answers else 200)

    async def _notify(self) -> None:
        async with self._more:
            self._more.notify_all()

    async def hears(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        """Waits for so many callbacks: their names and what they are about."""
        async with asyncio.timeout(10), self._more:
            await self._more.wait_for(lambda: len(self.heard) >= count)
        return [(name, next(iter(body["event"].values()))) for name, body in self.heard]

    async def __aenter__(self) -> Operator:
        self.url = f"http://127.0.0.1:{await self._server.start('127.0.0.1', 0)}/in"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()


class Desk:
    """A client of the interface."""

    def __init__(self, twin: Nexera, operator: Operator, http: httpx.AsyncClient) -> None:
        self.twin, self.operator, self.http = twin, operator, http
        self._count = 0

    async def post(self, path: str, expect: int = 201, **body: Any) -> dict[str, Any]:
        self._count += 1
        return await self._sent("POST", path, expect, {"requestId": f"r-{self._count}", **body})

    async def patch(self, path: str, expect: int = 200, **body: Any) -> dict[str, Any]:
        return await self._sent("PATCH", path, expect, body)

    async def get(self, path: str, expect: int = 200) -> Any:
        answer = await self.http.get(self.twin.url + path)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def customer(self) -> str:
        return (await self.post("/party/individual/", givenName="Jan", familyName="Żak"))["id"]

    async def draft(self, word: str = "ordinary", customer: str = "") -> str:
        party = {"id": customer or await self.customer(), "role": "customer", "@referredType": "Individual"}
        draft = await self.post("/productOrder", description=f"{word} order", relatedParty=[party], productOrderItem=[ITEM])
        assert draft["state"] == "Draft"
        return draft["id"]

    async def ticket(self, word: str = "ordinary") -> str:
        ticket = await self.post("/troubleTicket", description=f"{word} ticket", severity="Major", ticketType="consumerFault")
        assert ticket["status"] == "Acknowledged"
        return ticket["id"]

    async def _sent(self, method: str, path: str, expect: int, body: Any) -> dict[str, Any]:
        answer = await self.http.request(method, self.twin.url + path, json=body)
        assert answer.status_code == expect, answer.text
        return answer.json()


def at_desk(walk: Callable[[Desk], Awaitable[None]], *answers: int, **options: Any) -> None:
    async def run() -> None:
        async with (
            Operator(*answers) as operator,
            httpx.AsyncClient(trust_env=False) as http,
            nexera(**{"speed": FAST, "inbound": operator.url, "headers": {"X-Api-Key": "k-1"}, **options}) as twin,
        ):
            await walk(Desk(twin, operator, http))

    asyncio.run(run())


@pytest.mark.parametrize(
    ("street", "told"),
    [
        ("Polna", {"state": "Done", "validationResult": "success"}),
        ("Nieznana", {"state": "Done", "validationResult": "fails"}),
        ("Awaria", {"state": "TerminatedWithError"}),
    ],
)
def test_an_address_is_checked_and_the_result_told(street: str, told: dict[str, str]) -> None:
    async def walk(desk: Desk) -> None:
        address = {"streetName": street, "streetNr": "7", "city": "Łódź"}
        asked = await desk.post("/geographicAddressValidation", provideAlternative=True, submittedGeographicAddress=address)
        assert asked["state"] == "InProgress"
        [(name, result)] = await desk.operator.hears(1)
        assert name == "GeographicAddressValidationStateChangeNotification"
        assert told.items() <= result.items()
        assert result["id"] == asked["id"]
        assert desk.operator.keys == ["k-1"]

    at_desk(walk)


def test_a_refused_address_leaves_nothing() -> None:
    async def walk(desk: Desk) -> None:
        address = {"streetName": "Błędna 1"}
        refused = await desk.post("/geographicAddressValidation", 400, provideAlternative=True, submittedGeographicAddress=address)
        assert refused["code"] == "INVALID"
        assert desk.twin.bookings()["total"] == 0

    at_desk(walk)


def test_contacts_are_left_changed_and_read_with_and_without_the_slash() -> None:
    async def walk(desk: Desk) -> None:
        customer = await desk.customer()
        phone = [{"mediumType": "phone", "characteristic": {"phoneNumber": "+48 600 100 200"}}]
        assert (await desk.patch(f"/party/individual/{customer}", contactMedium=phone, title=None))["contactMedium"] == phone
        assert await desk.get(f"/party/individual/{customer}/") == (await desk.get("/Party/Individual"))[0]
        assert await desk.get("/party/individual/?requestId=r-1") == [await desk.get(f"/party/individual/{customer}")]
        assert (await desk.get("/party/individual/IND-9", 404))["code"] == "NOT_FOUND"

    at_desk(walk)


def test_an_order_is_verified_only_after_it_was_completed_by_a_patch() -> None:
    async def walk(desk: Desk) -> None:
        order = await desk.draft()
        assert await desk.twin.play("productOrder", order, "begin") == []  # nothing is told of it
        draft = await desk.draft()
        assert (await desk.get(f"/productOrder/{draft}"))["state"] == "Draft"
        assert desk.operator.heard == []
        assert (await desk.patch(f"/productOrder/{draft}", description="complete"))["state"] == "Acknowledged"
        heard = await desk.operator.hears(2)
        assert [(name, told["state"]) for name, told in heard] == [
            ("ProductOrderStateChangeEvent", "Verified"),
            ("ProductOrderStateChangeEvent", "Completed"),
        ]
        assert heard[1][1]["completionDate"]
        assert [one["id"] for one in await desk.get("/productOrder/")] == [order, draft]
        assert (await desk.patch(f"/productOrder/{draft}", 409, description="late"))["code"] == "WRONG_STATE"

    at_desk(walk)


def test_a_bad_draft_is_refused_and_not_kept() -> None:
    async def walk(desk: Desk) -> None:
        customer = await desk.customer()
        party = [{"id": customer, "@referredType": "Individual"}]
        refused = await desk.post("/productOrder", 400, description="BAD", relatedParty=party, productOrderItem=[ITEM])
        assert refused["code"] == "INVALID_DRAFT"
        stranger = [{"id": "IND-9", "@referredType": "Individual"}]
        unknown = await desk.post("/productOrder", 400, relatedParty=stranger, productOrderItem=[ITEM])
        assert unknown["reason"] == "there is no individual IND-9"
        assert await desk.get("/productOrder") == []

    at_desk(walk)


def test_slots_are_searched_and_booked() -> None:
    async def walk(desk: Desk) -> None:
        for place in ("ADR-1", "FULL-1", "FAR-1"):
            await desk.post("/searchTimeSlot", relatedPlace={"id": place})
        for description in ("first visit", "TAKEN already"):
            assert (await desk.post("/appointment", validFor=SLOT, description=description))["status"] == "Initialized"
        heard = await desk.operator.hears(5)
        searches = {told["id"]: told for name, told in heard if name == "SearchTimeSlotStateChangeEvent"}
        assert [len(searches[f"STS-00000{n}"].get("availableTimeSlot", "-")) for n in (1, 2, 3)] == [2, 0, 1]
        assert [searches[f"STS-00000{n}"]["status"] for n in (1, 2, 3)] == ["Done", "Done", "Rejected"]
        booked = {told["id"]: told["status"] for name, told in heard if name == "AppointmentStateChangeEvent"}
        assert booked == {"APP-000001": "Confirmed", "APP-000002": "Failed"}

    at_desk(walk)


def test_an_order_can_be_rejected_or_cancelled() -> None:
    async def walk(desk: Desk) -> None:
        rejected, cancelled = await desk.draft("REJECT"), await desk.draft("HOLD")
        await desk.patch(f"/productOrder/{rejected}", description="complete")
        [(_, told)] = await desk.operator.hears(1)
        assert (told["state"], told["note"][0]["author"]) == ("Rejected", "Nexera")
        gone = await desk.patch(f"/productOrder/{cancelled}", state="Cancelled", cancellationReason="moved away")
        assert gone["state"] == "Cancelled"
        assert gone["cancellationDate"]
        assert (await desk.patch(f"/productOrder/{cancelled}", 409, state="Cancelled"))["code"] == "WRONG_STATE"

    at_desk(walk)


def test_alternatives_of_the_realisation_repeat_in_any_order() -> None:
    async def walk(desk: Desk) -> None:
        customer = await desk.customer()
        order = await desk.draft("HOLD", customer)
        await desk.patch(f"/productOrder/{order}", description="HOLD on")
        await desk.operator.hears(1)
        for act in ("noContact", "otherDate", "noContact"):
            assert await desk.twin.play("productOrder", order, act) == [200]
            if act == "noContact":  # once mended by the order, once by the contact
                path = f"/productOrder/{order}" if len(desk.operator.heard) == 2 else f"/party/individual/{customer}"
                change: dict[str, Any] = {"description": "ring at noon"} if "productOrder" in path else {"title": "Pani"}
                assert (await desk.get(f"/productOrder/{order}"))["state"] == "Pending"
                await desk.patch(path, **change)
                assert (await desk.get(f"/productOrder/{order}"))["state"] == "InProgress"
        await desk.patch(f"/productOrder/{order}", note=[{"@type": "Monit", "text": "When?"}])
        await desk.operator.hears(5)
        assert (await desk.http.post(f"{desk.twin.root}/play/productOrder/{order}/completeTwice")).status_code == 202
        heard = await desk.operator.hears(7)
        assert [name for name, _ in heard] == [
            "ProductOrderStateChangeEvent",
            "ProductOrderAttributeValueChangeEvent",
            "AppointmentCreateEvent",
            "ProductOrderAttributeValueChangeEvent",
            "ProductOrderAttributeValueChangeEvent",
            "ProductOrderStateChangeEvent",
            "ProductOrderStateChangeEvent",
        ]
        assert heard[2][1]["relatedEntity"][0]["id"] == order
        assert heard[4][1]["note"][-1]["text"] == "The order is being worked on"
        assert desk.operator.heard[5][1] == desk.operator.heard[6][1]  # one event, told twice

    at_desk(walk)


def test_scripts_wait_for_the_operator_where_the_customer_could_not_be_reached() -> None:
    async def walk(desk: Desk) -> None:
        order, ticket = await desk.draft("NOCONTACT"), await desk.ticket("NOCONTACT")
        await desk.patch(f"/productOrder/{order}", description="complete")
        heard = await desk.operator.hears(3)
        assert {(told["id"], told.get("state", told.get("status"))) for _, told in heard} >= {(order, "Pending"), (ticket, "Pending")}
        await desk.patch(f"/troubleticket/{ticket}", requestedResolutionDate="2026-12-02T10:00:00Z")  # as printed once
        await desk.patch(f"/productOrder/{order}", description="ring at noon")
        heard = await desk.operator.hears(5)
        assert {told.get("state", told.get("status")) for _, told in heard[3:]} == {"Completed", "Resolved"}

    at_desk(walk)


def test_an_ont_is_tested_within_the_limits() -> None:
    async def walk(desk: Desk) -> None:
        wanted = {"name": "ONT", "testSpecification": {"id": "ontStatus"}}
        ids = [(await desk.post("/serviceTest", relatedService={"id": ont}, **wanted))["id"] for ont in ("NEXR1", "OFFLINE-1", "UNKNOWN-1")]
        heard = {told["id"]: told for _, told in await desk.operator.hears(3)}
        assert [heard[one]["testMeasure"][0]["value"] for one in ids] == ["ONLINE", "OFFLINE", "UNKNOWN"]
        assert [heard[one]["state"] for one in ids] == ["Completed", "Completed", "Failed"]
        assert await desk.get(f"/serviceTest/{ids[0]}") == (await desk.get("/serviceTest"))[0]
        limits = await desk.get("/serviceTest/limits")
        assert (limits["limit"], limits["used"], limits["remaining"]) == (100, 3, 97)
        assert (await desk.post("/serviceTest", 429, relatedService={"id": "LIMIT-1"}, **wanted))["code"] == "LIMIT_USED_UP"
        for _ in range(97):
            await desk.post("/serviceTest", relatedService={"id": "NEXR1"}, **wanted)
        assert (await desk.post("/serviceTest", 429, relatedService={"id": "NEXR1"}, **wanted))["code"] == "LIMIT_USED_UP"

    at_desk(walk, clock=lambda: 1_790_000_000.0)


def test_a_ticket_is_resolved_opened_again_and_closed_a_day_after() -> None:
    async def walk(desk: Desk) -> None:
        ticket = await desk.ticket("SWAP")
        heard = await desk.operator.hears(2)
        assert [name for name, _ in heard] == ["troubleTicketAttributeValueChangeEvent", "troubleTicketResolvedEvent"]
        assert heard[0][1]["serialNumber"] == "NEXR00A1B2C3"
        assert (await desk.patch(f"/troubleTicket/{ticket}", status="InProgress"))["status"] == "InProgress"
        assert (await desk.operator.hears(3))[2][1]["status"] == "Resolved"
        assert await desk.twin.play("troubleTicket", ticket, "close") == [200]
        name, told = (await desk.operator.hears(4))[3]
        assert (name, told["status"]) == ("troubleTicketResolvedEvent", "Closed")
        assert (await desk.patch(f"/troubleTicket/{ticket}", 409, status="InProgress"))["code"] == "WRONG_STATE"

    at_desk(walk)


def test_a_ticket_is_closed_by_itself_a_day_after_it_was_resolved() -> None:
    async def walk(desk: Desk) -> None:
        await desk.ticket()
        assert [told["status"] for _, told in await desk.operator.hears(2)] == ["Resolved", "Closed"]

    at_desk(walk, speed=500_000.0)


def test_running_tickets_are_found_by_criteria_and_ended_ones_by_their_id() -> None:
    async def walk(desk: Desk) -> None:
        faultless, cancelled, running = await desk.ticket("NOFAULT"), await desk.ticket("HOLD"), await desk.ticket("HOLD")
        [(name, told)] = await desk.operator.hears(1)
        assert (name, told["status"]) == ("troubleTicketStatusChangeEvent", "Cancelled")
        assert (await desk.patch(f"/troubleTicket/{cancelled}", status="Cancelled"))["status"] == "Cancelled"
        assert (await desk.patch(f"/troubleTicket/{running}", 409, status="InProgress"))["code"] == "WRONG_STATE"
        assert [one["id"] for one in await desk.get("/troubleTicket?ticketType=consumerFault")] == [running]
        assert await desk.get("/troubleTicket?status=Pending") == []
        assert await desk.get("/troubleTicket?relatedEntity.id=NEXR1") == []
        assert [one["id"] for one in await desk.get(f"/troubleTicket?id={faultless}")] == [faultless]
        assert [one["id"] for one in await desk.get("/troubleTicket?requestId=r-2")] == [cancelled]
        assert (await desk.get("/troubleTicket?colour=red", 400))["code"] == "INVALID"

    at_desk(walk)


def test_callbacks_are_repeated_until_200_and_a_refusal_is_final() -> None:
    async def walk(desk: Desk) -> None:
        await desk.ticket("NOFAULT")
        await desk.operator.hears(3)
        await desk.post("/appointment", validFor=SLOT)
        await desk.operator.hears(4)
        await until(lambda: desk.twin.callbacks()[-1]["status"], "the simulator takes the answer")
        assert [(one["name"], one["tries"], one["status"]) for one in desk.twin.callbacks()] == [
            ("troubleTicketStatusChangeEvent", 3, 200),
            ("AppointmentStateChangeEvent", 1, 404),
        ]
        shown = (await desk.http.get(f"{desk.twin.root}/callbacks")).json()
        assert [one["number"] for one in shown] == [1, 2]

    at_desk(walk, 500, 429, 200, 404)


def test_callbacks_wait_for_an_address_and_can_be_spelled_otherwise() -> None:
    async def walk(desk: Desk) -> None:
        for street in ("Odmienna", "Podwójna"):
            address = {"streetName": street}
            await desk.post("/geographicAddressValidation", provideAlternative=False, submittedGeographicAddress=address)
        wrong = await desk.http.put(f"{desk.twin.root}/callbacks", content=b"{}")
        assert wrong.status_code == 400
        right = {"address": desk.operator.url, "headers": {"X-Api-Key": "k-2"}}
        assert (await desk.http.put(f"{desk.twin.root}/callbacks", json=right)).status_code == 204
        names = sorted(name for name, _ in await desk.operator.hears(3))
        usual = "GeographicAddressValidationStateChangeNotification"
        assert names == [usual, usual, "geographicaddressvalidationSTATECHANGEEVENT"]
        assert set(desk.operator.keys) == {"k-2"}

    at_desk(walk, inbound="")


def test_a_callback_nobody_answers_is_tried_so_often_and_no_more() -> None:
    async def walk(desk: Desk) -> None:
        ticket = await desk.ticket("HOLD")
        assert await desk.twin.play("troubleTicket", ticket, "noFault") == [0]
        assert desk.twin.callbacks()[0]["tries"] == 6

    at_desk(walk, inbound="http://127.0.0.1:9/in", speed=100_000.0)


def test_what_the_contract_does_not_have_is_refused() -> None:
    async def walk(desk: Desk) -> None:
        assert (await desk.get("/unknown", 404))["code"] == "NO_SUCH_OPERATION"
        gone = await desk.http.delete(f"{desk.twin.url}/productOrder")
        assert (gone.status_code, gone.headers["allow"]) == (405, "GET, POST")
        odd = await desk.post("/appointment", 400, validFor=SLOT, colour="red")
        assert "colour" in odd["reason"]
        for headers, content in (({}, b"{}"), ({"content-type": "application/json"}, b"{")):
            assert (await desk.http.post(f"{desk.twin.url}/appointment", headers=headers, content=content)).status_code == 400

    at_desk(walk)


def test_calls_can_be_answered_as_planned_and_everything_be_looked_at() -> None:
    async def walk(desk: Desk) -> None:
        customer = await desk.customer()
        desk.twin.once("createIndividual", Response(refuse=Refusal(status=503, code="CLOSED", reason="Come back")))
        assert (await desk.post("/party/individual/", 503, givenName="A", familyName="B"))["code"] == "CLOSED"
        desk.twin.once("createIndividual", Response(keep=False, transport="close"))
        with pytest.raises(httpx.RemoteProtocolError):
            await desk.post("/party/individual/", givenName="A", familyName="B")
        booked = (await desk.http.get(f"{desk.twin.root}/bookings")).json()
        assert booked["bookings"]["r-1"]["orderNumbers"] == [customer]
        seen = (await desk.http.get(f"{desk.twin.root}/requests?last=2")).json()
        assert [(one["operation"], one["method"], one["target"]) for one in seen] == [
            ("createIndividual", "POST", "/nexera/party/individual/")
        ] * 2
        assert (await desk.http.get(f"{desk.twin.root}/requests?last=x")).status_code == 400
        contract = await desk.http.get(desk.twin.contract_url)
        assert f"url: {desk.twin.url}\n" in contract.text
        assert "productOrder" in (await desk.http.post(f"{desk.twin.root}/play/ticket/1/x")).text
        assert "noContact" in (await desk.http.post(f"{desk.twin.root}/play/productOrder/1/x")).text
        with pytest.raises(KeyError):
            await desk.twin.play("productOrder", "ORD-9", "verify")
        await desk.draft()
        assert (await desk.http.post(f"{desk.twin.root}/reset")).status_code == 204
        assert desk.twin.bookings() == {"total": 0, "forgotten": 0, "bookings": {}}
        assert desk.twin.members("individual", customer) is None

    at_desk(walk)


def test_the_oldest_are_forgotten_first() -> None:
    async def walk(desk: Desk) -> None:
        first, second = await desk.customer(), await desk.customer()
        await desk.customer()
        assert desk.twin.bookings()["forgotten"] == 1
        assert (desk.twin.members("individual", first), desk.twin.members("individual", second) is not None) == (None, True)

    at_desk(walk, limit=2)


@pytest.mark.parametrize(
    "kind",
    [
        {"scripts": {"X": {}}},
        {"scripts": {"default": {"steps": [{"act": "fly"}]}}},
        {"scripts": {"default": {"again": "nowhere"}}},
        {"scripts": {"default": {"answer": {"keep": False}}}},
    ],
)
def test_a_scenario_file_that_makes_no_sense_is_refused(kind: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Kind.model_validate({"prefix": "X", **kind})
