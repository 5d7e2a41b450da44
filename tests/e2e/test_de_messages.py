"""Germany: the supplier's messages as such. Repeated, out of order, unknown, broken, by strangers; and who hears of what they tell."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from simulators.http_server import Transport
from simulators.scenario import Behaviour
from tests.de_kit import AB, CATEGORY, order, subject, world
from tests.service_kit import home_with

M = "urn:spri-style:meldung:1"
BASIC = ("spri", "supplier-secret")


@pytest.fixture(scope="module")
def de(tmp_path_factory):
    with world(tmp_path_factory.mktemp("de")) as running:
        yield running


def meldung(number, kind="QEB", identity="T-1", code="0000", more="", told="2031-01-01T00:00:00Z"):
    position = f"<m:position><m:meldungscode>{code}</m:meldungscode></m:position>" if code else ""
    return (
        f"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:m='{M}'><s:Body><m:annehmeMeldung>"
        f"<m:kopf><m:meldungsnummer>{identity}</m:meldungsnummer><m:zeitstempel>{told}</m:zeitstempel></m:kopf>"
        f"<m:meldung><m:meldungstyp>{kind}</m:meldungstyp><m:geschaeftsfall>PV</m:geschaeftsfall>"
        f"<m:aenderungskennzeichen>Standard</m:aenderungskennzeichen><m:auftragsnummer>{number}</m:auftragsnummer>"
        f"<m:statusdatum>{told}</m:statusdatum>{position}{more}</m:meldung></m:annehmeMeldung></s:Body></s:Envelope>"
    )


def tell(de, body, auth=BASIC):
    headers = {"content-type": "text/xml; charset=utf-8", "soapaction": f'"{M}/annehmeMeldung"'}
    return de.http.post("/inbound/de", content=body.encode(), headers=headers, auth=auth)


def status_of(reply):
    found = re.search(r"status>([A-Z]+)<", reply.text)
    return found.group(1) if found else reply.text


def accepted(de, word="A"):
    new = de.place(word)["id"]
    de.until(de.auf, new, "StateChange(accepted)")
    return new


def test_the_endpoint_serves_its_wsdl_with_its_own_address(de):
    wsdl = de.http.get("/inbound/de?wsdl", auth=BASIC)
    assert wsdl.status_code == 200
    assert f'location="{de.http.base_url}/inbound/de"' in wsdl.text.replace("'", '"').replace("//inbound", "/inbound")


def test_messages_that_come_twice_have_one_effect_and_two_equal_acknowledgements(de):
    new = de.place("TWICE")["id"]
    old = new.replace("PV", "KUE")
    de.asked(old)
    de.answer(old, False)
    de.until(de.auf, new, "StateChange(rejected)")
    de.until(de.ab, old, "StateChange(rejected)")
    for heard, number in ((de.auf, new), (de.ab, old)):
        told = heard.of(number)
        assert len(told) == len(set(told))
        assert len({event["eventId"] for event in heard.events}) == len(heard.events)
    twice = [one for one in de.supplier.callbacks() if one["order"] in (new, old)]
    assert {(one["attempts"], one["status"]) for one in twice[:-1]} == {(2, "ANGENOMMEN")}


def test_the_same_message_by_hand_is_answered_byte_for_byte(de):
    new = accepted(de)
    first, second = [tell(de, meldung(new, "VZM", "T-twice", more="<m:verzoegerung><m:grund>Bau</m:grund></m:verzoegerung>")) for _ in "ab"]
    assert (first.status_code, status_of(first)) == (200, "ANGENOMMEN")
    assert first.content == second.content
    assert de.until(de.auf, new, "Milestone").count("Milestone(productOrderMilestone)") == 1


def test_another_message_under_the_same_number_is_refused(de):
    new = accepted(de)
    assert status_of(tell(de, meldung(new, "MTAM", "T-clash"))) == "ANGENOMMEN"
    assert status_of(tell(de, meldung(new, "ABM", "T-clash"))) == "ABGELEHNT"
    assert de.shown(new)["state"] == "accepted"


def test_a_message_about_an_order_that_is_not_ours(de):
    unknown = tell(de, meldung("PV99999999", identity="T-unknown"))
    assert (unknown.status_code, status_of(unknown)) == (200, "UNBEKANNT")


def test_a_confirmation_that_was_overtaken_does_not_take_the_order_back(de):
    new = de.place("SWAPPED")["id"]
    old = new.replace("PV", "KUE")
    de.asked(old)
    de.answer(old, True)
    assert de.told("ABM", new)["status"] == "ANGENOMMEN"
    brought = [(one["type"], one["number"]) for one in de.supplier.callbacks() if one["order"] == new][-2:]
    assert [kind for kind, _ in brought] == ["ERLM", "ABM"]
    assert brought[1][1] < brought[0][1]
    shown = de.shown(new)
    assert shown["state"] == "completed"
    assert shown["stateChangeReason"][0]["code"] == "0010"
    assert shown["providerChangeInfo"]["approval"] is True  # what else it says is taken all the same
    heard = de.until(de.auf, new, "StateChange(completed)")
    assert [event for event in heard if event.startswith("State")] == ["StateChange(accepted)", "StateChange(completed)"]


@pytest.mark.parametrize("kind", ["ABM", "ABBM", "ERLM", "TAM"])
def test_nothing_comes_behind_the_end(de, kind):
    new = de.place("HOLIDAY")["id"]
    de.until(de.auf, new, "StateChange(rejected)")
    late = tell(de, meldung(new, kind, f"T-late-{kind}-{new}", code="1199" if kind == "ABBM" else "0000"))
    assert status_of(late) == "ABGELEHNT"
    assert de.shown(new)["state"] == "rejected"


def test_a_type_that_nobody_knows_is_shown_to_a_person_and_changes_no_state(de):
    new = accepted(de)
    heard = len(de.auf.of(new))
    strange = tell(de, meldung(new, "XYZ", "T-strange"))
    assert (strange.status_code, status_of(strange)) == (200, "ANGENOMMEN")
    assert de.shown(new)["state"] == "accepted"
    assert len(de.auf.of(new)) == heard


@pytest.mark.parametrize(
    ("word", "state"), [("KLAERUNG", "pending"), ("IN_AUSFUEHRUNG", "inProgress"), ("ANGENOMMEN", "accepted"), ("PAUSIERT", "accepted")]
)
def test_the_status_that_a_message_names_is_the_orders_and_an_unknown_one_is_not_guessed(de, word, state):
    new = accepted(de)
    assert status_of(tell(de, meldung(new, "ABBM", f"T-{word}", more=f"<m:auftragsstatus>{word}</m:auftragsstatus>"))) == "ANGENOMMEN"
    assert de.shown(new)["state"] == state


def test_r113_a_code_without_a_text_gets_the_printed_one_and_an_unknown_one_stays_as_it_is(de):
    for code, text in (("1033", "Termin für Anbieterwechsel vor einem arbeitsfreien Tag ist nicht möglich."), ("8888", "8888")):
        new = accepted(de)
        assert status_of(tell(de, meldung(new, "ABBM", f"T-{code}", code))) == "ANGENOMMEN"
        assert de.shown(new)["stateChangeReason"] == [{"code": code, "description": text}]


def test_strangers_are_not_let_in(de):
    for auth in (None, ("spri", "another-secret"), ("other", "supplier-secret")):
        refused = tell(de, meldung("PV00000001", identity="T-stranger"), auth)
        assert refused.status_code == 401


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<a", "Client"),
        ("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>", "Client"),
        (
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><other/></s:Body></s:Envelope>",
            "no operation of this port",
        ),
    ],
)
def test_what_cannot_be_read_is_a_fault_of_the_sender(de, body, words):
    fault = tell(de, body)
    assert fault.status_code == 500
    assert "Client" in fault.text
    assert words in fault.text


def test_r99_without_a_listener_the_order_is_taken_and_nobody_is_told(tmp_path, caplog):
    with world(tmp_path, listen=False) as de:
        new = de.place()["id"]
        old = new.replace("PV", "KUE")
        de.told("AKM-PV")
        assert de.shown(old, AB)["state"] == "pending"
        assert de.ab.events == []
        assert de.listen(AB).status_code == 201
        assert de.answer(old, False).status_code == 201
        heard = de.until(de.ab, old, "StateChange(rejected)")
        assert heard[0] == "RespondProviderChangeCreate(acknowledged)"
    lines = [line for line in caplog.messages if "event.nobody-listens" in line]
    assert len(lines) == 1
    for text in ("ProductOrderCreateEvent", old, AB):
        assert text in lines[0]


def test_r99_who_is_registered_for_another_category_is_not_told_of_this_one(tmp_path, caplog):
    with world(tmp_path, listen=False) as de:
        assert de.listen(AB, "event.productOrder.category=providerChange").status_code == 201
        number = de.place()["id"].replace("PV", "KUE")
        de.told("AKM-PV")
        assert de.ab.events == []
        de.answer(number, False)
        de.told("ABBM-PV")
    assert "event.not-asked-for" in caplog.text


def test_r99_who_is_registered_for_the_category_is_told(tmp_path):
    with world(tmp_path, listen=False) as de:
        assert de.listen(AB, CATEGORY).status_code == 201
        number = de.place()["id"].replace("PV", "KUE")
        assert de.asked(number)["category"] == "terminationProviderChange"


OF_NEW = [
    "Create(acknowledged)",
    "StateChange(accepted)",
    "AttributeValueChange(providerChangeInfo,relatedParty)",
    "StateChange(rejected)",
]
OF_OLD = [
    "Create(acknowledged)",
    "StateChange(accepted)",
    "AttributeValueChange(providerChangeInfo,requestedCompletionDate)",
    "StateChange(pending)",
    "InformationRequired(providerChangeInfo.approval)",
    "RespondProviderChangeCreate(acknowledged)",
    "RespondProviderChangeStateChange(inProgress)",
    "AttributeValueChange(providerChangeInfo)",
    "RespondProviderChangeStateChange(done)",
    "StateChange(rejected)",
]


def test_r111_concurrent_orders_keep_their_order_of_events_and_each_event_comes_once(tmp_path):
    with world(tmp_path) as de:

        def one(number):
            placed = de.place()["id"]
            old = placed.replace("PV", "KUE")
            de.asked(old)
            assert de.answer(old, False).status_code == 201
            de.until(de.auf, placed, "StateChange(rejected)")
            return placed, old, de.until(de.ab, old, "StateChange(rejected)")

        with ThreadPoolExecutor(8) as pool:
            walked = list(pool.map(one, range(12)))
        for new, _, events in walked:  # as they arrived
            assert (de.auf.of(new), events) == (OF_NEW, OF_OLD)
        for heard in (de.auf, de.ab):
            assert len({event["eventId"] for event in heard.events}) == len(heard.events)
        assert {subject(event) for event in de.ab.events} == {old for _, old, _ in walked}
        # In the supplier's words: both of an order's messages about its end were acknowledged, the old line's first.
        for new, old, _ in walked:
            ends = [call["order"] for call in de.supplier.callbacks() if call["type"].startswith("ABBM") and call["order"] in (new, old)]
            assert ends == [old, new]


def test_an_answer_whose_acknowledgement_is_lost_is_settled_by_a_probe_and_given_once(tmp_path):
    home = home_with(tmp_path / "home", {"config/markets/de.yaml": ("  total: 10", "  total: 2")})
    with world(tmp_path / "data", home=tmp_path / "home", environment={"ADAPTER_HOME": home}) as de:
        new = de.place()["id"]
        old = new.replace("PV", "KUE")
        de.asked(old)
        de.supplier.once("rueckmeldeProviderwechsel", Behaviour(transport=Transport.NEVER))
        key = {"Idempotency-Key": "the answer"}
        body = {"productOrder": {"id": old}, "approval": False}
        first = de.send("POST", "/respondProviderChange", body, AB, **key)
        assert first.status_code == 504
        de.until(de.auf, new, "StateChange(rejected)")
        de.until(de.ab, old, "RespondProviderChangeStateChange(done)")
        again = de.send("POST", "/respondProviderChange", body, AB, **key)
        assert (again.status_code, again.json()["approval"]) == (201, False)
        assert de.supplier.bookings()["bookings"][f"RUEM-PV {old}"]["count"] == 1
        assert de.shown(old, AB)["state"] == "rejected"


def test_an_order_whose_acknowledgement_is_lost_is_settled_by_a_probe_and_booked_once(tmp_path):
    home = home_with(tmp_path / "home", {"config/markets/de.yaml": ("  total: 10", "  total: 2")})
    with world(tmp_path / "data", home=tmp_path / "home", environment={"ADAPTER_HOME": home}) as de:
        body = order("DOUBT")
        lost = de.send("POST", "/productOrder", body)
        assert lost.status_code == 504
        number = "PV00000001"
        assert de.until(de.auf, number, "StateChange(accepted)") == ["Create(acknowledged)", "StateChange(accepted)"]
        assert de.supplier.bookings()["bookings"][body["externalId"]]["count"] == 1


def test_messages_that_overtake_the_answer_of_a_call_about_their_order_wait_for_it(de):
    new = de.place()["id"]
    old = new.replace("PV", "KUE")
    de.asked(old)
    de.supplier.once("rueckmeldeProviderwechsel", Behaviour(after=0.5))  # done at once, told at once, answered later
    assert de.answer(old, False).status_code == 201
    heard = de.until(de.ab, old, "StateChange(rejected)")
    assert heard[-5:] == [
        "RespondProviderChangeCreate(acknowledged)",
        "RespondProviderChangeStateChange(inProgress)",
        "AttributeValueChange(providerChangeInfo)",
        "RespondProviderChangeStateChange(done)",
        "StateChange(rejected)",
    ]
    de.until(de.auf, new, "StateChange(rejected)")


def test_a_day_that_no_calendar_has_is_the_senders_to_mend(de):
    new = accepted(de)
    before = de.shown(new)
    fault = tell(de, meldung(new, "ABM", f"T-february-{new}", told="2026-02-30T00:00:00Z"))
    assert (fault.status_code, "Client" in fault.text) == (500, True)
    assert "meldung.statusdatum: is not a date and time" in fault.text
    assert de.shown(new) == before
