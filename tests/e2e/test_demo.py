"""``adapter demo`` as a user runs it: the order to its end, each event as it is heard, and a plain sentence where something fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapter.cli.main import app
from tests.service_kit import home_with, warm

Demo = Callable[..., Result]
EVENT = re.compile(r" +\d+\.\d s  (\w+Event)(?: about (\w+))?: (\w+); (\d+ items[^;]*); event id (\w+); (.+)")
LIFE = ["acknowledged", "inProgress", "completed"]


@dataclass(frozen=True)
class Told:
    """One printed event."""

    type: str
    about: str | None
    state: str
    items: str
    id: str
    signature: str


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Demo:
    def run(sequences: tuple[str, ...] = (), **changes: str) -> Result:
        """The demo with these markets' sequences, each of which has a test of its own, and with other values in ``config/demo.yaml``: by
        what stands there."""
        home = home_with(tmp_path / "home", {})
        for each in (Path(home) / "config" / "stories").glob("*.yaml"):
            if each.stem not in sequences:
                each.unlink()
        story = Path(home) / "config" / "demo.yaml"
        for key, value in changes.items():
            text, count = re.subn(rf"(?m)^( *{key}: ).*$", lambda found, new=value: found[1] + new, story.read_text(encoding="utf-8"))
            assert count, key
            story.write_text(text, encoding="utf-8")
        monkeypatch.setattr("adapter.cli.demo.configure_logs", lambda _: None)  # logs belong to the whole process of the tests
        monkeypatch.setenv("ADAPTER_HOME", home)
        monkeypatch.setenv("ADAPTER_DATA", str(tmp_path / "data"))
        warm(tmp_path / "data" / "contracts")
        return CliRunner().invoke(app, ["demo"])

    return run


def told(output: str) -> list[Told]:
    return [Told(*found.groups()) for found in map(EVENT.fullmatch, output.splitlines()) if found]


def part(output: str, first: str, last: str) -> str:
    return output[output.index(first) : output.index(last)]


def failures(result: Result) -> list[str]:
    assert result.exit_code == 1, result.output
    _, _, told_at_the_end = result.output.partition("Not as documented:\n")
    return [line.strip() for line in told_at_the_end.splitlines()]


def test_it_follows_the_order_to_its_end_and_tells_each_event(demo: Demo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("ADAPTER_PR_POLL", "3600")  # what is meant for a real backend does not hold the demo up
    monkeypatch.setenv("ADAPTER_CALLBACK_HOSTS", "hooks.example.com")
    result = demo(("lab", "pa"))
    assert result.exit_code == 0, (result.output, result.exception)
    assert result.output.endswith("All as documented.\n")
    assert "NO" not in re.findall(r": (yes|NO)$", result.output, re.MULTILINE)

    events = told(part(result.output, "6. What its listener hears", "7. Its whole way"))
    assert (events[0].type, events[0].state) == ("ProductOrderCreateEvent", "acknowledged")
    assert (events[-1].type, events[-1].state) == ("ProductOrderStateChangeEvent", "completed")
    assert (events[-2].type, events[-2].about) == ("ProductOrderAttributeValueChangeEvent", "completionDate")
    assert [LIFE.index(event.state) for event in events] == sorted(LIFE.index(event.state) for event in events)
    assert len({event.id for event in events}) == len(events)
    assert {event.signature for event in events} == {"signature genuine"}
    assert f"all {len(events)} events on record arrived, in their order: yes" in result.output

    timeline = part(result.output, "7. Its whole way", "When things go wrong")
    assert [timeline.index(f"event {number}: ") for number in range(1, len(events) + 1)]
    assert re.search(r"Z  done +at its end: completed\n", timeline)

    parts = told(result.output[result.output.index("one of its items comes to nothing") :])
    assert (parts[-1].state, parts[-1].items) == ("partial", "10 items: 9 completed 1 failed")
    assert re.findall(r"(?m)^─+ (\w+): ", result.output) == ["lab", "pa"]  # then the sequences of the markets
    assert not (tmp_path / "data" / "adapter.db").exists()  # the demo has a record of its own


def test_an_order_that_does_not_come_to_its_end_is_told(demo: Demo):
    result = demo(ADAPTER_PR_POLL='"3600"', seconds="2.2", expected="[201]")
    said = failures(result)
    late = r"order \d+ did not come to '{}' within 2.2 seconds: the last event told of 'acknowledged'"
    assert re.fullmatch(late.format("completed"), said[0])
    assert said[1] == "the conversation is over: HTTP 400 came instead of 201: 2099 | DRO30E - REF CDA NOT FOUND|"
    assert said[2].startswith("the backend books the order, but answers HTTP 500: HTTP 504 came instead of 201: ")
    assert re.fullmatch(late.format("partial"), said[3])
    assert re.search(r"… still acknowledged; waiting for 'completed'", result.output)


def test_whoever_is_refused_is_told_at_each_step(demo: Demo):
    said = failures(demo(**{"client-secret": "wrong"}))
    assert said[0].startswith("the listener could not register at /tmf-api/productOrderingManagement/v4/hub: HTTP 401, ")
    assert said[1].startswith("the order was not taken: HTTP 401, ")
    assert len(said) == 2 + 5


def test_without_a_listener_the_order_is_shown_all_the_same(demo: Demo):
    result = demo(**{"headers": "{X-Market: nowhere}"})
    assert [line.partition(": HTTP 4")[0] for line in failures(result)] == [
        "the listener could not register at /tmf-api/productOrderingManagement/v4/hub"
    ]
    assert "equal to the documented answer, member for member: yes" in result.output
