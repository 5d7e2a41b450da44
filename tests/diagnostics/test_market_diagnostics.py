"""Every folder of the corpus with a ``market.yaml`` is one mistake of a market's file, and what is said of it, exactly.

The file takes the place of ``config/markets/lab.yaml``; contracts, mappings and faces are the project's own.
``UPDATE_DIAGNOSTICS=1 pytest tests/diagnostics`` writes the expected texts anew: read the difference before you keep it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from adapter.bootstrap import read_rules
from adapter.bootstrap.market_file import framed, shown
from adapter.errors import CheckFailed
from adapter.faces.declaration import Face, load_face
from adapter.finding import Finding
from adapter.mapping.frame import render_all
from adapter.market import load_market
from adapter.settings import Home, load_settings
from tests.service_kit import ROOT, VARIABLES

CORPUS = Path(__file__).parent
CASES = sorted(path.parent.name for path in CORPUS.glob("*/market.yaml"))
SHIPPED = Home(ROOT)
ENVIRONMENT = dict.fromkeys(VARIABLES.values(), "http://h/")


@pytest.fixture(scope="module")
def faces() -> list[Face]:
    return [load_face(SHIPPED.face_file(name), ENVIRONMENT) for name in load_settings(SHIPPED, ENVIRONMENT).faces]


@pytest.fixture(scope="module")
def contracts(tmp_path_factory) -> Path:
    """Where compiled contracts are kept from one case to the next."""
    return tmp_path_factory.mktemp("contracts")


def home_of(case: str, root: Path) -> Home:
    """A project whose one market is the case's."""
    (root / "config/markets").mkdir(parents=True)
    (root / "mappings").mkdir()
    shutil.copy(CORPUS / case / "market.yaml", root / "config/markets/lab.yaml")
    return Home(root)


def findings_of(home: Home, faces: Iterable[Face], contracts: Path) -> list[Finding]:
    """What the check of the market says, with the mappings of the operations that it declares."""
    try:
        market = load_market(home.market_file("lab"), {})
        declared = {*market.operations, *(market.inbound.operations if market.inbound is not None else ())}
        shipped = SHIPPED.mapping_folder("lab")
        others = shutil.ignore_patterns(*(path.name for path in shipped.glob("*.*.yaml") if path.stem not in declared), "cases")
        shutil.copytree(shipped, home.mapping_folder("lab"), ignore=others)
        return [each for each in read_rules(home, market, faces, contracts).findings if each.code != "M602"]  # tables of other operations
    except CheckFailed as error:
        return list(error.findings)


@pytest.mark.parametrize("case", CASES)
def test_the_findings_are_exactly_these(case, faces, contracts, tmp_path):
    home = home_of(case, tmp_path)
    found = findings_of(home, faces, contracts)
    said = render_all(found, framed(home, found, {})).replace(f"{tmp_path}/", "")
    if "UPDATE_DIAGNOSTICS" in os.environ:
        (CORPUS / case / "expected.txt").write_text(said, encoding="utf-8")
    assert said == (CORPUS / case / "expected.txt").read_text(encoding="utf-8")
    assert case.split("-", 1)[0] in {each.code for each in found}


def test_every_code_of_market_files_has_a_case_and_is_described():
    shown = {case.split("-", 1)[0] for case in CASES}
    used = set()
    for path in (ROOT / "adapter").rglob("*.py"):
        used |= set(re.findall(r'"(K2\d\d)"', path.read_text(encoding="utf-8")))
    assert used <= shown
    described = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert {code for code in shown if code.startswith("K") and f"| {code} |" not in described} == set()


SECURITY = """\
security:
  basic: {username: desk, password: 'hush hush'}
  headers: {X-Key: "${KEY}"}
  keys:
    - >-
      se
      cret
"""


def test_credentials_are_covered_up_in_frames(tmp_path):
    home = home_of("K101-operation-without-mapping", tmp_path)
    path = home.market_file("lab")
    sound = path.read_text(encoding="utf-8") + SECURITY
    path.write_text(sound + "inbound: [", encoding="utf-8")
    assert shown(home, "config/markets/lab.yaml") is None  # where the file cannot be read, nothing of it is shown
    path.write_text(sound, encoding="utf-8")
    text = shown(home, "config/markets/lab.yaml")
    assert text is not None
    assert "password: ***********}" in text
    assert 'X-Key: "${KEY}"' in text
    assert "endpoint: ************\n" in text
    assert not any(word in text for word in ("hush", "http:", "cret"))
    assert [len(line) for line in text.splitlines()] == [len(line) for line in sound.splitlines()]
