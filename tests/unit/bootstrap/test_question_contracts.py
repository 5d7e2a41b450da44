"""Which canonical side an operation is checked against follows from how the market uses it."""

from __future__ import annotations

import os
from pathlib import Path

from adapter.bootstrap import MarketRules, read_rules
from adapter.cli.check import Anything
from adapter.faces.declaration import load_face
from adapter.market import load_market
from adapter.settings import Home
from tests.service_kit import home_with


def rules(home: Path | str) -> MarketRules:
    place, environment = Home(Path(home)), Anything(os.environ)
    faces = [load_face(place.face_file(name), environment) for name in ("hybris", "tmf")]
    return read_rules(place, load_market(place.market_file("pr"), environment), faces)


def test_a_question_answers_a_report_and_one_for_many_a_list_of_them(tmp_path):
    found = rules(home_with(tmp_path / "h", {}))
    assert found.usable, found.findings
    one, many, whole = (found.around.of(f"productOrder.{verb}") for verb in ("status", "statusList", "retrieve"))
    assert one
    assert many
    assert whole
    assert whole.resource.members["productOrderItem"].required
    assert not one.resource.members["productOrderItem"].required
    assert "serviceAddress" in one.resource.members  # the market's extension is part of a report, too
    assert (one.asked, whole.asked) == (None, None)
    assert list(many.resource.members) == ["orders"]
    assert many.asked is not None
    assert set(found.translators()) == set(found.mappings)


def test_a_question_that_is_offered_to_callers_answers_the_whole_resource(tmp_path):
    found = rules(home_with(tmp_path / "h", {"config/markets/pr.yaml": ("by: productOrder.status\n", "by: productOrder.retrieve\n")}))
    retrieve = found.around.of("productOrder.retrieve")
    assert retrieve is not None
    assert retrieve.resource.members["productOrderItem"].required
