"""A published interface is there whole; what no market of this installation has a counterpart for is 501, whoever asks."""

from __future__ import annotations

import pytest

from tests.service_kit import Running

BASE = "/tmf-api/geographicAddressManagement/v4"
OPERATOR = {"client-id": "demo-operator", "client-secret": "demo-secret"}  # may use geographicAddressValidation only


@pytest.mark.parametrize("client", [{}, OPERATOR], ids=["open", "operator"])
@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/geographicAddress", "geographicAddress.list"),
        ("/geographicAddress/1", "geographicAddress.retrieve"),
        ("/geographicAddress/1/geographicSubAddress", "geographicSubAddress.list"),
        ("/geographicAddress/1/geographicSubAddress/2", "geographicSubAddress.retrieve"),
    ],
)
def test_addresses_are_501_one_by_one_as_in_a_list(service: Running, client: dict[str, str], path: str, operation: str) -> None:
    answer = service.http.get(BASE + path, headers=client)
    assert answer.status_code == 501
    assert answer.json() == {
        "code": "not-offered",
        "reason": answer.json()["reason"],
        "message": f"{operation} is declared by the contract and not served by this installation",
        "status": "501",
        "@type": "Error",
    }


def test_what_some_market_serves_is_still_a_matter_of_rights_and_of_the_market(service: Running) -> None:
    channel = {"client-id": "demo-channel", "client-secret": "demo-secret"}
    assert service.http.get(f"{BASE}/geographicAddressValidation", headers=channel).status_code == 403
    refused = service.http.get(f"{BASE}/geographicAddressValidation/1", headers={"X-Market": "lab"})
    assert (refused.status_code, refused.json()["message"]) == (
        501,
        "Lab, a made-up order desk does not offer geographicAddressValidation.retrieve",
    )
    assert service.http.get(f"{BASE}/geographicAddressValidation/1", headers=OPERATOR).status_code == 404
    unsigned = {"client-id": "demo-operator", "client-secret": "wrong"}
    assert service.http.get(f"{BASE}/geographicAddress/1", headers=unsigned).status_code == 401
