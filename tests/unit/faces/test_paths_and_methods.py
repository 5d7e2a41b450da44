"""What a known path answers to HEAD, OPTIONS, other methods, a slash at its end, and parameters that nobody declared."""

from __future__ import annotations

import pytest

HYBRIS, TMF = "/ecom-ux/v1", "/tmf-api/productOrderingManagement/v4"
PATHS = {
    f"{HYBRIS}/PR/productOrder": "OPTIONS, POST",
    f"{HYBRIS}/PR/productOrder/1": "GET, HEAD, OPTIONS",
    TMF: "GET, HEAD, OPTIONS",
    f"{TMF}/productOrder": "GET, HEAD, OPTIONS, POST",
    f"{TMF}/productOrder/1": "DELETE, GET, HEAD, OPTIONS, PATCH",
    f"{TMF}/hub": "GET, HEAD, OPTIONS, POST",
    f"{TMF}/hub/1": "DELETE, GET, HEAD, OPTIONS",
    f"{TMF}/cancelProductOrder": "GET, HEAD, OPTIONS, POST",
    "/health/live": "GET, HEAD, OPTIONS",
    "/health/ready": "GET, HEAD, OPTIONS",
    "/metrics": "GET, HEAD, OPTIONS",
    "/openapi/tmf.json": "GET, HEAD, OPTIONS",
}


def error(answer, status):
    """Asserts the error body of the face, or the plain one where the path is of none."""
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    if "errors" in body:
        assert [one["code"] for one in body["errors"]] == [status]
        assert all(one.keys() == {"code", "message", "description"} and one["description"] for one in body["errors"])
    else:
        assert body["status"] == str(status)
        assert body.keys() - {"@type"} == {"code", "reason", "message", "status"}
    return body


@pytest.fixture
def signed(headers):
    return {**headers, "X-Market": "pr"}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(("path", "allow"), PATHS.items())
def test_options_and_other_methods_name_the_methods_of_a_path(world, path, allow, slash):
    options = world.send("OPTIONS", path + slash)
    assert (options.status_code, options.content, options.headers["allow"]) == (204, b"", allow)
    for method in ("PUT", "TRACE", "BREW"):
        answer = world.send(method, path + slash)
        error(answer, 405)
        assert answer.headers["allow"] == allow


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", [path for path, allow in PATHS.items() if "HEAD" in allow])
def test_head_is_get_without_its_body_whatever_the_answer_is(world, order, signed, path, slash):
    world.send("POST", f"{HYBRIS}/PR/productOrder", json=order, headers=signed)
    got, asked = world.send("GET", path, headers=signed), world.send("HEAD", path + slash, headers=signed)
    assert asked.content == b""
    assert asked.status_code == got.status_code == (403 if "/hub" in path or "/cancel" in path else 200)  # these this client may not use
    names = ("content-type", "content-length") if path != "/metrics" else ("content-type",)  # the metrics count the first request
    assert [asked.headers[name] for name in names] == [got.headers[name] for name in names]


def test_head_of_a_path_without_get_is_405_without_a_body(world, signed):
    answer = world.send("HEAD", f"{HYBRIS}/PR/productOrder", headers=signed)
    assert (answer.status_code, answer.content, answer.headers["allow"]) == (405, b"", "OPTIONS, POST")


def test_an_order_is_placed_and_read_with_a_slash_at_the_end_too(world, order, signed):
    for path in (f"{HYBRIS}/PR/productOrder", f"{TMF}/productOrder"):
        assert world.send("POST", path + "/", json=order, headers=signed).status_code == 201
        assert world.send("GET", path + "/1/", headers=signed).json()["id"] == "1"


@pytest.mark.parametrize(
    "path",
    [
        f"{HYBRIS}/PR/productOrder//",
        f"{HYBRIS}//PR/productOrder",
        f"{HYBRIS}/PR//productOrder",
        f"{TMF}/productOrder//",
        f"{TMF}//productOrder",
        f"{TMF}//",
        "/health/live//",
        "//health/live",
        "/nothing/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_more_slashes_are_another_path_and_nobody_is_sent_elsewhere(world, signed, path, method):
    answer = world.send(method, f"http://127.0.0.1{path}", headers={**signed, "host": "elsewhere.example"})
    error(answer, 404)
    assert "location" not in answer.headers


@pytest.mark.parametrize("query", ["surprise=1", "surprise", "=", "&&", "%00=%00", "surprise=1&surprise=2", "limit=x"])
def test_parameters_that_a_route_does_not_declare_are_none_of_its_business(world, order, signed, query):
    for path in (f"{HYBRIS}/PR/productOrder", f"{TMF}/productOrder"):
        assert world.send("POST", f"{path}?{query}", json=order, headers=signed).status_code == 201
        assert world.send("GET", f"{path}/1?{query}", headers=signed).status_code == 200
        assert all(not message.query for message in world.orders.seen)
        error(world.send("GET", f"{path}/none?{query}", headers=signed), 404)


@pytest.mark.parametrize(
    ("query", "named"), [("surprise=1", "surprise"), ("=1", "''"), ("%00=1", "\0"), ("limit=1&surprise=1", "surprise")]
)
def test_parameters_of_a_list_are_filters_and_an_unknown_one_is_named(world, signed, query, named):
    body = error(world.send("GET", f"{TMF}/productOrder?{query}", headers=signed), 400)
    assert body["message"] == f"{named}: is not an attribute that can be filtered"
    assert not world.orders.listed


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (f"{TMF}/productOrder/%31", 200, ""),
        (f"{TMF}/%70roductOrder/1", 200, ""),
        (f"{TMF}/productOrder%2F1", 404, "nothing at this path"),
        (f"{TMF}%2fproductOrder/1", 404, "nothing at this path"),
        (f"{HYBRIS}/PR%2FproductOrder/1", 404, ""),
        (f"{TMF}/productOrder/1%2F2", 400, "holds characters that no id has"),
        (f"{TMF}/productOrder/%ff", 400, "The path is not UTF-8"),
        (f"{TMF}/productOrder/%C3", 400, "The path is not UTF-8"),
        (f"{TMF}/%ff/1", 400, "The path is not UTF-8"),
        (f"{TMF}/productOrder/%EF%BF%BD", 404, "There is no order '\ufffd'"),
        (f"{TMF}/productOrder/%ED%B0%AF", 400, "The path is not UTF-8"),
        ("/health%2Flive", 200, ""),  # no path of a face
        ("/health/%ff", 404, ""),
        ("/inbound/pr%2Fx", 404, ""),
        ("/inbound/%ff", 404, ""),
    ],
)
def test_what_is_encoded_in_a_path_is_part_of_a_value_and_no_two_values_are_one(world, order, signed, path, status, said):
    assert world.send("POST", f"{HYBRIS}/PR/productOrder", json=order, headers=signed).status_code == 201
    answer = world.send("GET", path, headers=signed)
    assert answer.status_code == status
    if status == 200:
        assert answer.json()
    else:
        error(answer, status)
        assert said in answer.text
