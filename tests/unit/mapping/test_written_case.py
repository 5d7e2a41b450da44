"""A case that is written from what a mapping makes of its documents passes, whatever comes out; and it expects all that came out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from adapter.bootstrap import MarketRules, read_rules
from adapter.cli.main import app
from adapter.errors import AdapterError
from adapter.faces.declaration import load_face
from adapter.mapping.cases import Case, load_cases, read_cases, run_cases, written_case
from adapter.mapping.scope import Scope
from adapter.market import load_market
from adapter.settings import Home, load_settings
from simulators.registry import VARIABLES, passwords
from tests.service_kit import ROOT

HOME = Home(ROOT)


@pytest.fixture(scope="module", params=["lab", "pr", "de", "pl"])
def rules(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MarketRules:
    environment = dict.fromkeys(VARIABLES.values(), "http://h/") | passwords({})
    settings = load_settings(HOME, environment)
    assert request.param in settings.markets
    faces = [load_face(HOME.face_file(name), environment) for name in settings.faces]
    return read_rules(HOME, load_market(HOME.market_file(request.param), environment), faces, tmp_path_factory.mktemp("contracts"))


def scope_of(case: Case, settings: Any, *, answered: bool) -> Scope:
    message = None if isinstance(case.message, str) else case.message
    return Scope(
        request=case.request or {},
        reply=case.reply if answered else None,
        header=case.header,
        query=case.query,
        path=case.path,
        setting={**settings, **case.setting},
        stored=case.stored,
        asked=case.asked,
        known=case.known,
        message=message,
        outcome={"kind": "accepted", "text": "", **(case.outcome or {})} if message is not None else None,
    )


def written(rules: MarketRules) -> Iterator[dict[str, Any]]:
    """Each shipped case written anew from its documents, once for the request and once for the reply."""
    translators = rules.translators()
    for case in load_cases(ROOT / "mappings" / rules.market.market / "cases"):
        if case.table or isinstance(case.message, str):
            continue
        for answered in (False, True) if case.reply is not None else (False,):
            try:
                found = written_case(
                    case.title, case.operation, translators[case.operation], scope_of(case, rules.market.settings, answered=answered)
                )
            except AdapterError:
                continue  # nothing comes out of it
            yield {**found, "setting": dict(case.setting)}


def test_a_written_case_passes(rules: MarketRules) -> None:
    cases = list(written(rules))
    assert len(cases) > 10
    read = read_cases(orjson.dumps(cases, default=str), "written.json")
    failed = run_cases(rules.translators(), rules.tables, read, rules.market.settings).failed
    assert [str(each) for each in failed] == []


def test_a_written_case_expects_what_the_shipped_one_does(rules: MarketRules) -> None:
    made = {
        (each["title"], key): each[key] for each in written(rules) for key in ("legacy", "answer", "refused", "problems") if key in each
    }
    for case in load_cases(ROOT / "mappings" / rules.market.market / "cases"):
        for key in ("legacy", "answer"):
            wanted = getattr(case, key)
            if wanted is not None and (case.title, key) in made and case.outcome is None:
                assert _plain(made[case.title, key]) == _plain(wanted), case


def _plain(document: Any) -> Any:
    return json.loads(orjson.dumps(document, default=float), parse_int=float)


def test_a_case_of_the_documented_order_comes_out_of_the_command(tmp_path: Path) -> None:
    order = str(ROOT / "tests" / "samples" / "pr" / "selfinstall.request.json")
    headers = ("-H", "X-Conversation-Id=QAHA017633E52B68CF0000", "-H", "channelId=ECOM", "-H", "lob=FIXED")
    asked = ("map", order, "--market", "pr", "--operation", "productOrder.create", *headers, "--case", "the documented order")
    found = CliRunner().invoke(app, asked, env={"ADAPTER_HOME": str(ROOT), "ADAPTER_DATA": str(tmp_path)})
    assert found.exit_code == 0, found.output
    [case] = read_cases(found.stdout.encode(), "new.json")
    assert case.header["lob"] == "FIXED"
    assert case.request == json.loads(Path(order).read_bytes())
    assert case.legacy is not None
    assert case.legacy["order"]["creditLimit"] == "100"
