"""The TMF622 v4 surface of the tmf face: creation, reading, lists, errors."""

from __future__ import annotations

import re
import uuid

import pytest

from adapter.ports import Issue, Outcome, OutcomeKind, Result

BASE = "/tmf-api/productOrderingManagement/v4"
PATH = f"{BASE}/productOrder"
ERROR = {"code", "reason", "message", "status", "@type"}


def assert_error(answer, status):
    assert answer.status_code == status
    body = answer.json()
    assert set(body) == ERROR
    assert body["status"] == str(status)
    assert body["@type"] == "Error"
    assert all(isinstance(value, str) and value for value in body.values())
    return body


def place(world, **changes):
    body = {"productOrderItem": [{"id": "1", "action": "add"}], **changes}
    answer = world.send("POST", PATH, json=body)
    assert answer.status_code == 201
    return answer


def test_created_order_has_what_the_conformance_profile_demands(world):
    answer = place(world, externalId="A1")
    order = answer.json()
    assert answer.headers["location"] == order["href"] == f"{PATH}/1"
    assert order["orderDate"] == "2023-01-11T12:45:12.028Z"
    assert order["state"] == "acknowledged"
    assert order["productOrderItem"]
    assert order["relatedParty"] == [{"id": "notKnown", "role": "Customer", "@referredType": "Customer"}]
    assert order["@type"] == "ProductOrder"
    assert answer.headers["content-type"] == "application/json;charset=utf-8"


def test_related_party_is_the_billing_account_where_there_is_one_and_the_orders_own_where_it_has_any(world):
    made = place(world, billingAccount={"id": "190"}).json()
    assert made["relatedParty"][0]["id"] == "190"
    own = [{"id": "7", "@referredType": "Individual"}]
    assert place(world, relatedParty=own, orderDate="2020-01-01T00:00:00.000Z").json()["relatedParty"] == own
    assert place(world, relatedParty=[]).json()["relatedParty"][0]["id"] == "notKnown"


def test_location_can_be_followed_also_with_a_base_url(make):
    world = make(base_url="https://orders.example/")
    answer = place(world)
    assert answer.headers["location"] == f"https://orders.example{PATH}/1"
    read = world.send("GET", f"{PATH}/1")
    assert read.json() == answer.json()


def test_an_id_is_made_safe_for_the_path(world):
    world.orders.kept["lab", "a/b c"] = _result("a/b c")
    listed = world.send("GET", PATH).json()
    assert listed[0]["href"] == f"{PATH}/a%2Fb%20c"


def _result(identity, **members):
    return Result(Outcome(OutcomeKind.ACCEPTED), {"id": identity, "state": "held", "relatedParty": [{"id": "1"}], **members}, identity, 1)


def test_correlation_id_is_made_up_where_the_caller_sent_none(world):
    answer = place(world)
    assert uuid.UUID(answer.headers["x-correlation-id"])
    assert world.orders.seen[0].correlation_id == answer.headers["x-correlation-id"] == world.orders.seen[0].header["X-Correlation-ID"]
    assert world.orders.seen[0].key == ""  # a made-up id says nothing about repeats
    again = world.send("POST", PATH, json={"productOrderItem": [{"id": "1", "action": "add"}]}, headers={"correlationId": "mine"})
    assert again.headers["x-correlation-id"] == "mine"
    assert world.orders.seen[1].key == "X-Correlation-ID:mine"


def test_market_comes_from_the_header_the_client_or_the_face(world):
    body = {"productOrderItem": [{"id": "1", "action": "add"}]}

    def market(**headers):
        answer = world.send("POST", PATH, json=body, headers=headers)
        return world.orders.seen[-1].market if answer.status_code == 201 else answer

    def signed(name):
        return {"client-id": name, "client-secret": f"{name}-secret"}

    assert market() == "lab"
    assert market(**{"X-Market": "pr"}) == "pr"
    assert market(**signed("isle")) == "pr"  # its only one
    assert market(**signed("two"), **{"X-Market": "pa"}) == "pa"
    assert "X-Market: the request has to name its market: pr, pa" in assert_error(market(**signed("two")), 400)["message"]
    assert_error(market(**signed("isle"), **{"X-Market": "lab"}), 403)
    assert_error(market(**{"X-Market": "Lab!"}), 400)


def test_order_is_found_by_its_href_whatever_market_it_is_in(world):
    body = {"productOrderItem": [{"id": "1", "action": "add"}]}
    made = world.send("POST", PATH, json=body, headers={"X-Market": "pr"}).json()
    assert world.send("GET", made["href"]).json() == made
    assert_error(world.send("GET", made["href"], headers={"X-Market": "lab"}), 404)
    assert_error(world.send("GET", f"{PATH}/unknown"), 404)


def test_fields_reduce_a_single_order_to_the_named_members_with_id_and_href(world):
    place(world, externalId="A1")
    answer = world.send("GET", f"{PATH}/1?fields=externalId,nothing&fields=state")
    assert set(answer.json()) == {"id", "href", "externalId", "state"}


def test_rejection_is_an_error_with_the_normalised_name_as_code(world):
    issue = Issue("2099 | DRO30E - REF CDA NOT FOUND| ", "error", code="DRO30E", name="session-expired", advice="Start again with a quote.")
    world.orders.outcome = Outcome(OutcomeKind.REJECTED, (issue,), "The backend refused the order")
    error = assert_error(world.send("POST", PATH, json={"productOrderItem": [{"id": "1", "action": "add"}]}), 400)
    assert error["code"] == "session-expired"
    assert error["reason"] == "The backend refused the order"
    assert error["message"] == "2099 | DRO30E - REF CDA NOT FOUND| "


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (OutcomeKind.UNAVAILABLE, 503, "backend-unavailable"),
        (OutcomeKind.IN_DOUBT, 504, "outcome-in-doubt"),
        (OutcomeKind.REJECTED, 400, "backend-refused"),
    ],
)
def test_r58_technical_outcomes_have_an_error_body(world, kind, status, code):
    world.orders.outcome = Outcome(kind)
    answer = world.send("POST", PATH, json={"productOrderItem": [{"id": "1", "action": "add"}]})
    assert assert_error(answer, status)["code"] == code
    assert ("retry-after" in answer.headers) == (status > 500)


def test_every_refusal_of_http_itself_is_an_error_too(world):
    json_type = {"content-type": "application/json"}
    assert_error(world.send("GET", f"{BASE}/nothing"), 404)
    assert_error(world.send("GET", f"{PATH}/1/2"), 404)
    refused = world.send("PUT", f"{PATH}/1")
    assert_error(refused, 405)
    assert refused.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"
    assert world.send("PATCH", PATH).headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert_error(world.send("POST", PATH, content=b"{}", headers={"content-type": "text/xml"}), 415)
    assert_error(world.send("POST", PATH, content=b"{}", headers={**json_type, "accept": "text/html"}), 406)
    assert_error(world.send("POST", PATH, content=b"{,}", headers=json_type), 400)
    assert_error(world.send("POST", PATH, content=b"{}", headers=json_type), 400)
    world.orders.raises = RuntimeError("secret inside")
    assert_error(world.send("POST", PATH, json={"productOrderItem": [{"id": "1", "action": "add"}]}), 500)


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("PATCH", f"{PATH}/1", "productOrder.update"),
        ("DELETE", f"{PATH}/1", "productOrder.delete"),
        ("POST", f"{BASE}/cancelProductOrder", "cancelProductOrder.create"),
    ],
)
def test_what_a_face_declares_and_does_not_offer_is_501_and_declared_so(make, face_with, method, path, operation):
    def withdraw(data):
        for route in data["routes"]:
            if route["operation"] == operation:
                route |= {"kind": "notOffered"}

    world = make(faces=[face_with("tmf", withdraw)])
    answer = world.send(method, path)
    assert_error(answer, 501)
    assert answer.json()["code"] == "not-offered"
    assert operation in answer.json()["message"]
    described = world.send("GET", "/openapi/tmf.json").json()["paths"][path.removeprefix(BASE).replace("/1", "/{id}")]
    assert set(described[method.lower()]["responses"]) == {"401", "429", "501"}
    assert operation not in {entry["operation"] for entry in world.send("GET", BASE).json()["operations"]}
    signed = {"client-id": "shop", "client-secret": "wrong-secret"}
    assert_error(world.send(method, path, headers=signed), 401)


def test_what_no_market_serves_is_501_whoever_asks_and_whatever_is_wrong_with_it(world):
    world.orders.unserved = frozenset({"productOrder.delete", "productOrder.list", "productOrder.retrieve", "hub.list"})
    for method, path in (("DELETE", f"{PATH}/1"), ("GET", PATH), ("GET", f"{PATH}/1"), ("GET", f"{PATH}/1?fields=a,,b&nothing=1")):
        answer = world.send(method, path)
        assert_error(answer, 501)
        assert answer.json()["code"] == "not-offered"
        assert answer.json()["message"].endswith(" is declared by the contract and not served by this installation")
    assert world.send("GET", f"{BASE}/hub").status_code == 403, "listeners are no market's business, and not of this client"
    assert world.orders.seen == world.orders.listed == []


def test_a_change_reaches_the_service_in_the_form_in_which_it_was_sent(world):
    merge, operations = {"content-type": "application/merge-patch+json"}, {"content-type": "application/json-patch+json"}
    world.send("PATCH", f"{PATH}/7", content=b'{"note":null}', headers=merge)
    world.send("PATCH", f"{PATH}/7", content=b'[{"op":"remove","path":"/note"}]', headers=operations)
    world.send("DELETE", f"{PATH}/7")
    assert [(message.operation, message.path, message.body, message.patch) for message in world.orders.seen] == [
        ("productOrder.update", {"id": "7"}, {"note": None}, None),
        ("productOrder.update", {"id": "7"}, {}, ({"op": "remove", "path": "/note"},)),
        ("productOrder.delete", {"id": "7"}, {}, None),
    ]
    for body in (b"{}", b"[1]", b"7"):
        assert_error(world.send("PATCH", f"{PATH}/7", content=body, headers=operations), 400)
    assert_error(world.send("PATCH", f"{PATH}/7", content=b"[]", headers=merge), 400)


def test_entry_point_and_options(world):
    for path in (BASE, f"{BASE}/"):
        document = world.send("GET", path).json()
        assert document["version"] == "4.0.0"
        assert {"operation": "productOrder.list", "method": "GET", "href": PATH} in document["operations"]
        assert world.send("GET", document["specification"]).json()["openapi"] == "3.1.0"
    assert world.send("HEAD", BASE).content == b""
    refused = world.send("POST", BASE)
    assert_error(refused, 405)
    assert refused.headers["allow"] == world.send("OPTIONS", BASE).headers["allow"] == "GET, HEAD, OPTIONS"
    options = world.send("OPTIONS", PATH)
    assert (options.status_code, options.content, options.headers["allow"]) == (204, b"", "GET, HEAD, OPTIONS, POST")


def test_head_is_get_without_its_body(world):
    place(world)
    got, asked = world.send("GET", f"{PATH}/1"), world.send("HEAD", f"{PATH}/1/")
    assert asked.status_code == 200
    assert asked.content == b""
    assert asked.headers["content-length"] == got.headers["content-length"] == str(len(got.content))


def test_unpaged_list_is_200_with_counts_and_without_links(world):
    place(world, externalId="A")
    place(world, externalId="B")
    answer = world.send("GET", PATH)
    assert answer.status_code == 200
    assert [order["externalId"] for order in answer.json()] == ["A", "B"]
    assert (answer.headers["x-total-count"], answer.headers["x-result-count"]) == ("2", "2")
    assert "link" not in answer.headers


def test_part_of_a_list_is_206_with_links(world):
    for number in range(5):
        place(world, externalId=f"E{number}", category="a b")
    answer = world.send("GET", PATH, params={"category": "a b", "offset": 2, "limit": 2})
    assert answer.status_code == 206
    assert [order["externalId"] for order in answer.json()] == ["E2", "E3"]
    assert (answer.headers["x-total-count"], answer.headers["x-result-count"]) == ("5", "2")
    links = {name: target for target, name in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers["link"])}
    assert set(links) == {"self", "first", "prev", "next", "last"}
    assert links["next"] == f"{PATH}?category=a%20b&offset=4&limit=2"
    last = world.send("GET", links["next"])
    assert [order["externalId"] for order in last.json()] == ["E4"]
    assert "next" not in last.headers["link"]
    assert world.send("GET", links["prev"]).json()[0]["externalId"] == "E0"
    assert world.send("GET", links["last"]).json() == last.json()


def test_list_page_that_holds_everything_is_200(world):
    place(world)
    answer = world.send("GET", f"{PATH}?limit=10")
    assert answer.status_code == 200
    assert 'rel="self"' in answer.headers["link"]


def test_offset_past_the_end_is_empty_with_the_true_total(world):
    place(world)
    answer = world.send("GET", f"{PATH}?offset=9")
    assert (answer.status_code, answer.json(), answer.headers["x-total-count"]) == (200, [], "1")
    assert world.send("GET", f"{PATH}?externalId=nobody").status_code == 200
    none_of_one = world.send("GET", f"{PATH}?limit=0")
    assert (none_of_one.status_code, none_of_one.headers["x-total-count"], none_of_one.json()) == (206, "1", [])


def test_list_is_filtered_sorted_and_reduced(world):
    place(world, externalId="A", note=[{"text": "x"}, {"text": "late"}])
    place(world, externalId="B", note=[{"text": "x"}])
    place(world, externalId="C")
    assert [order["externalId"] for order in world.send("GET", f"{PATH}?note.text=late").json()] == ["A"]
    found = world.send("GET", f"{PATH}?orderDate=2023-01-11T12:45:12.028Z&sort=-externalId&fields=externalId")
    assert found.json() == [
        {"id": number, "href": f"{PATH}/{number}", "externalId": name} for number, name in (("3", "C"), ("2", "B"), ("1", "A"))
    ]


@pytest.mark.parametrize(
    ("query", "place_named"),
    [
        ("nosuch=1", "nosuch"),
        ("note.nosuch=1", "note.nosuch"),
        ("offset=-1", "offset"),
        ("limit=ten", "limit"),
        ("limit=1.5", "limit"),
        ("limit=٣", "limit"),
        ("offset=99999999999999999999", "offset"),
        ("sort=nosuch", "sort"),
        ("externalId.regex=(a", "externalId.regex"),
        ("externalId.regex=(?=a)", "externalId.regex"),
        ("externalId=" + "x" * 600, "externalId"),
    ],
)
def test_wrong_list_parameters_are_named(world, query, place_named):
    error = assert_error(world.send("GET", f"{PATH}?{query}"), 400)
    assert error["message"].startswith(place_named.removesuffix(".regex"))


def test_query_strings_that_are_no_text_or_too_many_are_refused(world):
    assert_error(world.send("GET", f"{PATH}?state=%ff"), 400)
    assert_error(world.send("GET", f"{PATH}?" + "&".join(f"state={number}" for number in range(70))), 400)


def test_list_sees_the_callers_markets_or_the_named_one(world):
    world.send("GET", PATH)
    world.send("GET", PATH, headers={"X-Market": "pr"})
    world.send("GET", PATH, headers={"client-id": "reader", "client-secret": "reader-secret"})
    assert [markets for markets, _ in world.orders.listed] == [("lab", "pr"), ("pr",), ("lab",)]
    query = world.orders.listed[0][1]
    assert (query.face, query.operation, query.client) == ("tmf", "productOrder.list", "demo-open")


def test_sorting_can_be_off(make, face_with):
    face = face_with("tmf", lambda data: data["routes"][1]["listing"].update(sort=False))
    assert_error(make(faces=[face]).send("GET", f"{PATH}?sort=id"), 400)


def test_open_on_loopback_only(make):
    body = {"productOrderItem": [{"id": "1", "action": "add"}]}
    signed = {"client-id": "shop", "client-secret": "shop-secret"}
    public = make(loopback=False)
    assert_error(public.send("POST", PATH, json=body), 401)
    assert public.send("POST", PATH, json=body, headers=signed).status_code == 201
    local = make(loopback=True)
    assert local.send("POST", PATH, json=body, headers={"host": "localhost:8080"}).status_code == 201
    assert local.send("POST", PATH, json=body, headers={"host": "[::1]:8080"}).status_code == 201
    assert_error(local.send("POST", PATH, json=body, headers={"host": "rebound.example"}), 401)
    assert_error(local.send("POST", PATH, json=body, headers={"client-id": "shop"}), 401)


def test_market_of_the_client_goes_before_the_faces_default(make, face_with):
    clients = {"demo-open": {"markets": ["lab", "pr"], "operations": ["*"], "market": "pr"}}
    world = make(clients=clients)
    place(world)
    assert world.orders.seen[0].market == "pr"
