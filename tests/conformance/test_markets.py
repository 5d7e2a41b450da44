"""Every operation of the definitions in every market: carried out where its file has a counterpart, else refused as not offered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.definitions import APIS
from tests.conformance.served import FACES, Served, all_markets
from tests.conformance.tally import Tally
from tests.conformance.trying import Operation, every_operation, offers

BODIES: dict[str, Any] = {"POST": {}, "PATCH": {"description": "another"}}
NOT_OFFERED, REFUSED_FIRST = {501, 405}, {400, 404}


@pytest.mark.parametrize("operation", every_operation(), ids="-".join)
@pytest.mark.parametrize("market", all_markets())
def test_an_operation_is_offered_where_the_market_has_a_counterpart(
    served: Served, tally: Tally, market: str, operation: Operation
) -> None:
    face, path, method = operation
    place = FACES[face].base + path.replace("{id}", "there-is-none").replace("{geographicAddressId}", "there-is-none")
    answer = served.ask(market, method, place, json=BODIES.get(method))
    offered = offers(market, operation)
    tally.offered.setdefault((APIS[face], method, path), {})[market] = offered
    if offered:
        assert answer.status_code in ({200, 206} if method == "GET" and not path.endswith("}") else REFUSED_FIRST), answer.text
    else:
        assert answer.status_code in NOT_OFFERED, answer.text
        error = answer.json()
        assert error["code"] in ("not-offered", "method-not-allowed")
        assert error["message"]
