"""Germany: the older and the newer spelling of the interface are both read; one is written."""

from __future__ import annotations

import pytest

from tests.de_kit import AB, AUF, VA_ID, order, subject, world
from tests.listener_kit import resource_of
from tests.service_kit import home_with

NEWER = {
    "category": "providerTechnologyChange",
    "requestedCompletionDate": "2031-05-20T00:00:00+01:00",
    "agreement": [{"agreementType": "providerChangeAgreement", "name": "providerChangeAgreement", "businessId": VA_ID}],
    "relatedParty": [
        {
            "role": "orderManagementBuyerContact",
            "partyOrPartyRole": {
                "givenName": "Eva",
                "familyName": "Muster",
                "contactMedium": [{"@type": "PhoneContactMedium", "contactType": "mobile", "phoneNumber": "+49170123456"}],
            },
        }
    ],
    "additionalOrderInformation": {"hardwareIdType": "OntSerialNumber", "hardwareIdValue": "ONT-2"},
    "productOrderItem": [{"id": "1", "action": "add", "accessLineId": "DEU.DTAG.FTYLIQ7PTF", "product": {"homeID": "HOME-2"}}],
}


@pytest.fixture(scope="module")
def de(tmp_path_factory):
    with world(tmp_path_factory.mktemp("de")) as running:
        yield running


def sent(de, operation):
    return [one["envelope"] for one in de.supplier.requests() if one["operation"] == operation][-1]


def test_the_newer_spelling_of_an_order_says_the_same_to_the_supplier(de):
    placed = de.place(**NEWER)
    envelope = sent(de, "anlegeAuftrag")
    for text in (
        ":geschaeftsfall>VBL<",
        f":vorabstimmungsId>{VA_ID}<",
        ":nachname>Muster<",
        ":wert>+49170123456<",
        ":ontSeriennummer>ONT-2<",
    ):
        assert text in envelope
    contact = next(party for party in placed["relatedParty"] if party["role"] == "orderManagementBuyerContact")
    assert (contact["givenName"], contact["contactMedium"][0]["characteristic"]["contactType"]) == ("Eva", "mobile")


@pytest.mark.parametrize(("word", "written"), [("PV", "providerChange"), ("VBL", "providerTechnologyChange")])
def test_i31_old_names_of_categories_are_read_and_the_new_ones_written(de, word, written):
    assert de.place(category=word)["category"] == written


@pytest.mark.parametrize("name", ["ProviderChangeResult", "providerChangeInfo", "RespondProviderChangeInfo", "result"])
def test_i29_the_approval_is_read_in_every_spelling_and_as_text(de, name):
    new = de.place()["id"]
    old = new.replace("PV", "KUE")
    de.asked(old)
    answered = de.answer(old, None, **{name: {"approval": "FALSE"}})
    assert (answered.status_code, answered.json()["approval"]) == (201, False)
    de.until(de.auf, new, "StateChange(rejected)")
    shown = [resource_of(event) for event in de.auf.events if subject(event) == new][-1]
    assert shown["providerChangeInfo"]["approval"] is False
    assert name == "providerChangeInfo" or name not in de.shown(old, AB)


def test_i27_i36_listeners_may_ask_for_events_by_the_other_names_and_get_one_event_under_its_own(tmp_path):
    with world(tmp_path, listen=False) as de:
        assert de.listen(AUF, "eventType=ProductOrderStatusChangeEvent,ProductOrderCreatedEvent").status_code == 201
        assert de.listen(AB, "eventType=RespondProviderChangeStateChangedEvent").status_code == 201
        new = de.place("HOLIDAY")["id"]
        assert de.until(de.auf, new, "StateChange(rejected)") == ["Create(acknowledged)", "StateChange(rejected)"]
        assert [event["eventType"] for event in de.auf.events] == ["ProductOrderCreateEvent", "ProductOrderStateChangeEvent"]
        wrong = de.listen(AUF, "eventType=ProductOrderStateChangeEvend")
        assert (wrong.status_code, "ProductOrderStateChangeEvend" in wrong.text) == (400, True)


def test_an_answer_without_an_answer_is_refused(de):
    new = de.place()["id"]
    old = new.replace("PV", "KUE")
    de.asked(old)
    for members in ({}, {"approval": "perhaps"}):
        refused = de.answer(old, members.get("approval"))
        assert (refused.status_code, "approval" in refused.text) == (400, True)


def test_what_every_order_needs_is_named(de):
    missing = de.send("POST", "/productOrder", order(category=None))
    assert (missing.status_code, "category" in missing.text) == (400, True)
    missing = de.send("POST", "/productOrder", order(agreement=None))
    assert (missing.status_code, "preAgreement" in missing.text) == (400, True)
    foreign = de.send("POST", "/productOrder", order(category="KUE-LE"))
    assert (foreign.status_code, "supplier" in foreign.text) == (409, True)


def test_r122_what_only_the_buyers_can_know_is_not_looked_at_here(de):
    """Contracts, the availability check and the agreement itself: any pre-agreement id goes out as it is."""
    placed = de.place(agreement=[{"agreementType": "preAgreement", "businessId": "no such agreement"}])
    assert placed["agreement"][0]["businessId"] == "no such agreement"
    assert ":vorabstimmungsId>no such agreement<" in sent(de, "anlegeAuftrag")


def test_i33_telephone_numbers_as_e164_where_the_market_says_so(tmp_path):
    home = home_with(tmp_path / "home", {"config/markets/de.yaml": ("phoneNumbers: printed", "phoneNumbers: e164")})
    with world(tmp_path / "data", home=tmp_path / "home", environment={"ADAPTER_HOME": home}) as de:
        new = de.place()["id"]
        de.asked(new.replace("PV", "KUE"))
        de.answer(new.replace("PV", "KUE"), False)
        de.until(de.auf, new, "StateChange(rejected)")
        shown = [resource_of(event) for event in de.auf.events if subject(event) == new][-1]
        supplier = next(party for party in shown["relatedParty"] if party["role"] == "orderManagementSupplierContact")
        assert supplier["contactMedium"][0]["characteristic"]["phoneNumber"] == "+49221789456"


def test_1033_is_refused_here_where_the_market_says_so(tmp_path):
    home = home_with(tmp_path / "home", {"config/markets/de.yaml": ("noSwitchBeforeFreeDay: off ", "noSwitchBeforeFreeDay: on ")})
    with world(tmp_path / "data", home=tmp_path / "home", environment={"ADAPTER_HOME": home}) as de:
        friday = de.send("POST", "/productOrder", order(requestedCompletionDate="2031-05-23T00:00:00+02:00"))
        assert (friday.status_code, friday.json()["code"]) == (409, "1033")
        assert de.place(requestedCompletionDate="2031-05-21T00:00:00+02:00")["state"] == "acknowledged"
        assert de.supplier.bookings()["total"] == 1
