"""The supplier's simulator: what it takes, what it tells its buyers, in which order, and how it insists."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from lxml import etree
from pydantic import ValidationError

from simulators.envelope import SoapFaultError, write_envelope, write_fault
from simulators.http_server import HttpReply, HttpRequest, HttpServer, Transport
from simulators.scenario import read_yaml
from simulators.spri import spri
from simulators.spri.course import SpriScenarios
from simulators.spri.server import HERE, SpriSimulator
from simulators.wsdl import Contract
from tests.waiting import until

ROOT = Path(__file__).parents[3]
A, M = "urn:spri-style:auftrag:1", "urn:spri-style:meldung:1"
SUPPLIER = Contract(ROOT / "mappings/de/schema/supplier.wsdl")
BUYER = Contract(ROOT / "mappings/de/schema/buyer.wsdl")
WISHED = "2031-05-20T00:00:00+01:00"
FAST = 1_000.0


class Buyer:
    """Both buyers' endpoint: acknowledges what fits its WSDL, or answers what ``unusual`` gives for the attempt. ``told`` are the
    messages that were acknowledged, one by one."""

    def __init__(self, unusual: Callable[[str], HttpReply | None] = lambda kind: None) -> None:
        self.told: asyncio.Queue[etree._Element] = asyncio.Queue()
        self.attempts: list[str] = []
        self._unusual, self._server = unusual, HttpServer(self._answer)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        port = await self._server.start("127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{port}/inbound/de"
        finally:
            await self._server.stop()

    def _answer(self, request: HttpRequest) -> HttpReply:
        payload = etree.fromstring(request.body)[-1][0]
        BUYER.schema.assertValid(payload)
        operation = etree.QName(payload).localname
        assert request.headers["soapaction"] == f'"{M}/{operation}"'
        kind = payload.findtext(f".//{{{M}}}meldungstyp") or "KUE-LE"
        self.attempts.append(kind)
        if (other := self._unusual(kind)) is not None:
            return other
        self.told.put_nowait(payload)
        return receipt(operation, payload.findtext(f".//{{{M}}}meldungsnummer"), "ANGENOMMEN")

    async def next(self, count: int) -> list[etree._Element]:
        return [await asyncio.wait_for(self.told.get(), 10) for _ in range(count)]


def receipt(operation: str, number: str | None, status: str) -> HttpReply:
    answer = etree.Element(f"{{{M}}}{operation}Antwort")
    for name, text in (("meldungsnummer", number), ("status", status)):
        etree.SubElement(answer, f"{{{M}}}{name}").text = text
    return HttpReply(content_type="text/xml", body=write_envelope("1.1", answer))


def brief(message: etree._Element) -> str:
    """``ABBM PV 0041``: type, case, codes."""
    kind = message.findtext(f".//{{{M}}}meldungstyp") or "KUE-LE"
    case = message.findtext(f".//{{{M}}}geschaeftsfall")
    return " ".join([kind, case or "", *(one.text or "" for one in message.iter(f"{{{M}}}meldungscode"))])


class Caller:
    """Calls the supplier by its WSDL. Answers come as a mapping of local name to text."""

    def __init__(self, simulator: SpriSimulator, client: httpx.AsyncClient) -> None:
        self._simulator, self._client, self._count = simulator, client, 0

    async def call(self, operation: str, **content: object) -> dict[str, str]:
        self._count += 1
        head = {"kopf": {"zeitstempel": "2031-01-01T00:00:00Z", "klientReferenz": f"R{self._count}"}}
        payload = _element(operation, content if operation in ("sucheVorgang", "leseAuftrag") else {**head, **content})
        headers = {"content-type": "text/xml; charset=utf-8", "soapaction": f'"{A}/{operation}"'}
        reply = await self._client.post(self._simulator.url, content=write_envelope("1.1", payload), headers=headers)
        body = etree.fromstring(reply.content)[-1][0]
        return {etree.QName(one).localname: one.text or "" for one in body.iter() if len(one) == 0}

    async def place(self, reference: str = "A-1", **order: object) -> dict[str, str]:
        fields: dict[str, object] = {
            "geschaeftsfall": "PV",
            "externeAuftragsnummer": reference,
            "auftraggebernummer": "DEU.VFD",
            "kundenwunschtermin": {"von": WISHED},
            "vorabstimmungsId": "DEU.VFD.V012345678",
            **order,
            "position": {"nummer": "1", "aktion": "NEU", "leitungsbezeichnung": "DEU.DTAG.FTYLIQ7PTF"},
        }
        return await self.call("anlegeAuftrag", auftrag=fields)

    async def answer(self, number: str, consent: str = "J", **more: object) -> dict[str, str]:
        said = {"auftragsnummer": number, "zustimmung": consent, **more}
        return await self.call("rueckmeldeProviderwechsel", rueckmeldung=said)


def _element(name: str, content: object) -> etree._Element:
    element = etree.Element(f"{{{A}}}{name}")
    if isinstance(content, dict):
        element.extend([_element(key, value) for key, value in content.items()])
    else:
        element.text = str(content)
    return element


@contextlib.asynccontextmanager
async def world(buyer: Buyer, speed: float = FAST, numbers: Path | None = None) -> AsyncIterator[tuple[SpriSimulator, Caller]]:
    simulator = spri(speed=speed)
    if numbers is not None:
        simulator.numbers.keep(numbers)
    async with buyer.listening() as address, simulator, httpx.AsyncClient(trust_env=False, timeout=10) as client:
        simulator.tells(address, {"authorization": "Basic c3ByaTp4"})
        yield simulator, Caller(simulator, client)


PLACED = ["QEB PV 0000", "KUE-LE KUE-LE", "QEB KUE-LE 0000", "AKM-PV KUE-LE"]
REALISED = ["ERLM PV 0010", "ERLM KUE-LE 0010", "ENTM PV", "ENTM KUE-LE"]
CONFIRMED = ["ABM PV 0000", "ABM-PV KUE-LE 0000"]


def walk(reference: str, consent: str, then: list[str], speed: float = FAST) -> None:
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer, speed) as (simulator, caller):
            placed = await caller.place(reference)
            assert (placed["status"], placed["auftragsnummer"], placed["auftragsstatus"]) == ("OK", "PV00000001", "EINGEGANGEN")
            assert [brief(one) for one in await buyer.next(4)] == PLACED
            assert (await caller.answer("KUE00000001", consent))["status"] == "OK"
            assert [brief(one) for one in await buyer.next(len(then))] == then
            assert simulator.bookings()["total"] == 2

    asyncio.run(run())


def test_approval_leads_to_the_end():
    walk("A-1", "J", [*CONFIRMED, *REALISED])


def test_refusal_stops_both_orders_the_old_one_first():
    walk("A-1", "N", ["ABBM-PV KUE-LE 0041", "ABBM PV 0041"])


def test_abort_in_realisation():
    walk("ABORT-1", "J", [*CONFIRMED, "ABBM PV 1199", "ABBM-PV KUE-LE 1199"])


def test_a_date_that_runs_out():
    stopped = ["ABBM PV 6000", "ABBM-PV KUE-LE 6000"]
    walk("EXPIRED-1", "J", [*CONFIRMED, "TAM PV 6000", "MTAM PV 6000", *stopped])


def test_a_confirmation_that_is_overtaken_by_the_end():
    walk("SWAPPED-1", "J", ["ERLM PV 0010", "ABM PV 0000", "ABM-PV KUE-LE 0000", "ERLM KUE-LE 0010", "ENTM PV", "ENTM KUE-LE"])


def test_after_a_restart_neither_an_order_nor_a_message_has_a_number_of_before(tmp_path: Path):
    """Whoever takes the messages knows repeats by their number."""

    async def run(reference: str) -> tuple[str, list[str | None]]:
        buyer = Buyer()
        async with world(buyer, numbers=tmp_path / "spri.json") as (_, caller):
            placed = await caller.place(reference)
            told = await buyer.next(4)
        return placed["auftragsnummer"], [one.findtext(f".//{{{M}}}meldungsnummer") for one in told]

    assert asyncio.run(run("A-1")) == ("PV00000001", ["M00000001", "M00000002", "M00000003", "M00000004"])
    number, messages = asyncio.run(run("A-2"))
    assert number == "PV00000002"
    assert [int(str(each).removeprefix("M")) > 4 for each in messages] == [True] * 4


def test_a_renewed_date_is_two_days_later():
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer) as (_, caller):
            await caller.place("RENEWED-1")
            await buyer.next(4)
            await caller.answer("KUE00000001")
            dates = [one.findtext(f".//{{{M}}}ausfuehrungstermin/{{{M}}}von") for one in await buyer.next(5)]
        assert dates == [f"2031-05-{day}T00:00:00.000+01:00" for day in (20, 20, 22, 22, 22)]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("word", "told"), [("HOLIDAY", ["ABBM PV 1033"]), ("SHIFTED", ["QEB PV 0000", "ABBM PV 1153"]), ("STRANGE", ["ABBM PV 4711"])]
)
def test_orders_that_are_refused_without_the_old_lines_buyer(word, told):
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer) as (_, caller):
            number = (await caller.place(f"{word}-1"))["auftragsnummer"]
            assert [brief(one) for one in await buyer.next(len(told))] == told
            assert (await caller.call("leseAuftrag", auftragsnummer=number))["auftragsstatus"] == "ABGELEHNT"
            assert (await caller.call("leseAuftrag", auftragsnummer="KUE00000001"))["meldungscode"] == "X404"  # was never created

    asyncio.run(run())


def test_the_refusal_names_who_refused_and_whom_to_ask():
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer) as (_, caller):
            await caller.place()
            announced, question = (await buyer.next(4))[1::2]
            assert announced.findtext(f".//{{{M}}}auftraggebernummer") == "DEU.1UND1"
            assert question.findtext(f".//{{{M}}}aufnehmenderProvider/{{{M}}}kennung") == "DEU.VFD"
            assert question.findtext(f".//{{{M}}}antwortfrist")
            said = {"antwort": {"antwortcode": "KVE", "antworttext": "Vorabstimmungs-ID fehlerhaft"}}
            await caller.answer("KUE00000001", "N", **said)
            texts = [one.text for one in (await buyer.next(2))[1].iter() if one.text]
        for text in ("N", "KVE", "Vorabstimmungs-ID fehlerhaft", "1&1 Internet AG", "Lisa", "0221/789456", "l.bach@example.net"):
            assert text in texts

    asyncio.run(run())


def test_silence_of_the_old_lines_buyer_lets_the_order_go_on_and_its_late_answer_is_discarded():
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer) as (simulator, caller):
            await caller.place("LATE-1")
            assert [brief(one) for one in await buyer.next(10)] == [*PLACED, *CONFIRMED, *REALISED]
            late = await caller.answer("KUE00000001")
            assert (late["status"], late["meldungscode"]) == ("NOK", "X410")
            assert simulator.bookings()["total"] == 1

    asyncio.run(run())


def test_a_second_answer_is_refused_and_an_answer_for_the_new_line_is_none():
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer) as (simulator, caller):
            await caller.place()
            await buyer.next(4)
            await caller.answer("KUE00000001", "N")
            await buyer.next(2)
            assert (await caller.answer("KUE00000001"))["meldungscode"] == "X409"
            assert (await caller.answer("PV00000001"))["meldungscode"] == "X409"
            assert (await caller.answer("KUE99999999"))["meldungscode"] == "X404"
            assert simulator.bookings()["bookings"]["RUEM-PV KUE00000001"]["count"] == 1

    asyncio.run(run())


def test_cancellation_also_stops_the_old_lines_order():
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer) as (_, caller):
            number = (await caller.place())["auftragsnummer"]
            await buyer.next(4)
            assert (await caller.call("storniereAuftrag", auftragsnummer=number))["auftragsstatus"] == "STORNOPRUEFUNG"
            stopped = await buyer.next(2)
            assert [brief(one) for one in stopped] == ["ABBM PV X100", "ABBM-PV KUE-LE X100"]
            assert stopped[0].findtext(f".//{{{M}}}aenderungskennzeichen") == "Storno"
            assert (await caller.call("storniereAuftrag", auftragsnummer=number))["meldungscode"] == "1087"

    asyncio.run(run())


def test_a_cancellation_that_is_refused_leaves_the_order_where_it_was_and_lets_it_go_on():
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer) as (_, caller):
            number = (await caller.place("NOCANCEL-1"))["auftragsnummer"]
            await buyer.next(4)
            await caller.call("storniereAuftrag", auftragsnummer=number)
            refused = await buyer.next(1)
            assert (brief(refused[0]), refused[0].findtext(f".//{{{M}}}auftragsstatus")) == ("ABBM PV 1087", "ANGENOMMEN")
            await caller.answer("KUE00000001")
            assert [brief(one) for one in await buyer.next(2)] == CONFIRMED

    asyncio.run(run())


def test_no_cancellation_of_an_order_that_is_not_checked_yet_or_beyond_the_point_of_no_return():
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer, speed=1.0) as (_, caller):
            number = (await caller.place())["auftragsnummer"]
            assert (await caller.call("storniereAuftrag", auftragsnummer=number))["meldungscode"] == "1087"
        buyer = Buyer()
        async with world(buyer) as (_, caller):
            number = (await caller.place("NORETURN-1"))["auftragsnummer"]
            await buyer.next(4)
            await caller.answer("KUE00000001")
            assert [brief(one) for one in await buyer.next(3)][-1] == "ABM PV 1087"
            assert (await caller.call("storniereAuftrag", auftragsnummer=number))["meldungscode"] == "1087"

    asyncio.run(run())


def test_the_date_is_moved_after_a_failed_cut_over():
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer, speed=50.0) as (_, caller):
            number = (await caller.place("CUTOVER-1"))["auftragsnummer"]
            await buyer.next(4)
            await caller.answer("KUE00000001")
            told = await buyer.next(4)
            assert [brief(one) for one in told] == [*CONFIRMED, "TAM PV 6001", "VZM-PV KUE-LE 6001"]
            assert told[-1].findtext(f".//{{{M}}}grund") == "Endkunde nicht angetroffen"
            moved = await caller.call("verschiebeTermin", auftragsnummer=number, neuerTermin={"von": "2031-06-01T08:00:00"})
            assert moved["status"] == "OK"
            told = await buyer.next(2)
            assert [brief(one) for one in told] == ["ABM PV 0000", "ABM-PV KUE-LE 0015"]
            assert told[0].findtext(f".//{{{M}}}ausfuehrungstermin/{{{M}}}von") == "2031-06-01T08:00:00.000Z"

    asyncio.run(run())


def test_a_date_within_36_hours_or_not_confirmed_yet_is_not_moved():
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer, speed=50.0) as (_, caller):
            number = (await caller.place("A-1", kundenwunschtermin={"von": "2020-01-01T00:00:00Z"}))["auftragsnummer"]
            await buyer.next(4)
            date = {"von": "2031-06-01T08:00:00Z"}
            assert (await caller.call("verschiebeTermin", auftragsnummer=number, neuerTermin=date))["meldungscode"] == "1085"
            await caller.answer("KUE00000001")
            await buyer.next(2)
            assert (await caller.call("verschiebeTermin", auftragsnummer=number, neuerTermin=date))["meldungscode"] == "1085"

    asyncio.run(run())


def test_found_by_the_reference_of_the_call():
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer) as (_, caller):
            await caller.place()
            await buyer.next(4)
            await caller.answer("KUE00000001", "N")
            order, said, none = [await caller.call("sucheVorgang", klientReferenz=f"R{number}") for number in (1, 2, 99)]
            assert (order["treffer"], order["vorgangsart"], order["auftragsnummer"]) == ("1", "AUFTRAG", "PV00000001")
            assert order["vorabstimmungsId"] == "DEU.VFD.V012345678"
            assert (said["vorgangsart"], said["vorgangsnummer"], said["auftragsnummer"]) == ("RUEM-PV", "VG00000002", "KUE00000001")
            assert (none["status"], none["treffer"]) == ("OK", "0")

    asyncio.run(run())


def test_refusals_and_faults_of_the_scenario_file():
    async def run() -> None:
        async with world(Buyer()) as (simulator, caller):
            assert (await caller.place("REFUSE-1"))["meldungscode"] == "X422"
            assert (await caller.place("FAULT-1"))["fehlercode"] == "X500"
            assert simulator.bookings()["total"] == 0

    asyncio.run(run())


def test_a_message_comes_again_until_it_is_acknowledged_and_the_next_one_waits():
    trouble = [
        HttpReply(transport=Transport.CLOSE),
        HttpReply(500, "text/xml", write_fault("1.1", SoapFaultError("Server", "later"))),
        HttpReply(502, body=b"bad gateway"),
    ]

    async def run() -> None:
        buyer = Buyer(lambda kind: trouble.pop(0) if trouble else None)
        async with world(buyer) as (simulator, caller):
            await caller.place("HOLIDAY-1")
            await buyer.next(1)
            told = await asyncio.wait_for(simulator.told("ABBM", "PV00000001"), 10)
            assert (buyer.attempts, told["attempts"], len(told["failures"])) == (["ABBM"] * 4, 4, 3)

    asyncio.run(run())


def test_a_fault_that_is_our_own_and_an_unknown_order_end_it():
    def unusual(kind: str) -> HttpReply | None:
        if kind == "QEB":
            return HttpReply(500, "text/xml", write_fault("1.1", SoapFaultError("Client", "no such element")))
        return receipt("annehmeKuendigung", "M00000002", "UNBEKANNT") if kind == "KUE-LE" else None

    async def run() -> None:
        buyer = Buyer(unusual)
        async with world(buyer) as (simulator, caller):
            await caller.place()
            await asyncio.wait_for(simulator.told("KUE-LE"), 10)
            told = simulator.callbacks()
            assert [(one["type"], one["attempts"], one["status"]) for one in told[:2]] == [("QEB", 1, "FEHLER"), ("KUE-LE", 1, "UNBEKANNT")]

    asyncio.run(run())


def test_a_repeated_message_has_the_same_number():
    async def run() -> None:
        buyer = Buyer()
        async with world(buyer) as (_, caller):
            await caller.place("TWICE-1")
            numbers = [one.findtext(f".//{{{M}}}meldungsnummer") for one in await buyer.next(8)]
            assert numbers == [f"M0000000{number}" for number in (1, 1, 2, 2, 3, 3, 4, 4)]

    asyncio.run(run())


def test_messages_wait_for_an_address_and_survive_a_stop():
    async def run() -> None:
        buyer, simulator = Buyer(), spri(speed=FAST)
        async with buyer.listening() as address, httpx.AsyncClient(trust_env=False, timeout=10) as client:
            async with simulator:
                await Caller(simulator, client).place("HOLIDAY-1")
                await until(simulator.callbacks, "a message to be told")
            async with simulator:
                refused = await client.put(f"{simulator.root}/callbacks", json={"adress": "x"})
                assert refused.status_code == 400
                assert (await client.put(f"{simulator.root}/callbacks", json={"address": address})).status_code == 204
                assert [brief(one) for one in await buyer.next(1)] == ["ABBM PV 1033"]
                shown = (await client.get(f"{simulator.root}/callbacks")).json()
                assert {one["number"] for one in shown} == {"M00000001"}
                assert (await client.post(f"{simulator.root}/reset")).status_code == 204
                assert simulator.callbacks() == []
                simulator.tells("")

    asyncio.run(run())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda data: data["courses"].pop("default"), "write one called 'default'"),
        (lambda data: data["courses"]["default"]["stages"].pop("refused"), "all stages"),
        (lambda data: data["lines"].pop("default"), "all lines"),
        (lambda data: data["codes"].pop("0041"), "the code 0041 has no text"),
        (lambda data: data["courses"]["ABORT"]["stages"]["realised"].append({"after": 1}), "either has a message or goes"),
    ],
)
def test_a_scenario_file_that_is_not_whole_says_so(change, text):
    data = read_yaml(HERE / "scenarios.yaml")
    change(data)
    with pytest.raises(ValidationError, match=text):
        SpriScenarios.model_validate(data)
