"""Every number of the failure list has a test, on every engine on which it has to be shown."""

from __future__ import annotations

import pytest

from tests.chaos.planted import FAULTS, ROOT
from tests.faults.inventory import NUMBERS, collected, wanted


def test_every_failure_of_the_list_is_shown_where_it_has_to_be():
    shown = collected()
    for number in NUMBERS:
        tests = [each for each in shown if each.number == number]
        assert tests, f"no test carries the number F{number}"
        missing = wanted(number) - {each.engine for each in tests}
        assert not missing, f"F{number} is not shown on {', '.join(sorted(missing))}, only by {[each.test for each in tests]}"
    assert {each.number for each in shown} <= set(NUMBERS)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_f39_the_place_of_a_fault_that_is_planted_is_as_it_is_known(fault):
    """'make faults' plants them and looks whether the tests see them."""
    text = (ROOT / fault.file).read_text(encoding="utf-8")
    assert text.count(fault.old) == 1, f"{fault.file} has changed: plant '{fault.name}' anew in tests/chaos/planted.py"
    assert not fault.new or fault.new not in text
    for test in fault.tests:
        assert not test.startswith("tests/") or (ROOT / test).is_file()
