"""Every command tells what it does, and what is wrong with how it was called: in a text, by its exit code, never by a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from click.core import Command, Group

from adapter.cli.main import app, run
from tests.service_kit import ROOT


def commands(command: Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield words
    if isinstance(command, Group):
        for name in command.list_commands(typer.Context(command)):
            inner = command.get_command(typer.Context(command), name)
            assert inner is not None
            yield from commands(inner, (*words, name))


ALL = list(commands(typer.main.get_command(app)))


def called(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> int:
    """Calls the command as the shell does; gives its exit code."""
    monkeypatch.setenv("ADAPTER_HOME", str(ROOT))
    monkeypatch.setenv("ADAPTER_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("adapter.cli.demo.configure_logs", lambda _: None)  # logs belong to the whole process of the tests
    monkeypatch.setattr(sys, "argv", ["adapter", *words])
    with pytest.raises(SystemExit) as ended:
        run()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_tells_what_it_does(words, monkeypatch, tmp_path, capsys):
    assert called((*words, "--help"), monkeypatch, tmp_path) == 0
    told = capsys.readouterr().out
    assert "Usage: " in told
    assert len([line for line in told.splitlines() if line.strip()]) > 3


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_an_option_that_there_is_none_of_is_named(words, monkeypatch, tmp_path, capsys):
    assert called((*words, "--nonsense"), monkeypatch, tmp_path) == 2
    assert "--nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("check nowhere", "there is no market 'nowhere': config/markets has no nowhere.yaml (there are: pr, jm, "),
        ("test nowhere", "there is no market 'nowhere' in config/adapter.yaml (there are: pr, jm, "),
        ("map - --market nowhere --operation x", "there is no market 'nowhere' in config/adapter.yaml"),
        ("map - --market lab --operation x", "market lab has no mapping x (there are: "),
        ("map /no/file --market lab --operation productOrder.create", "/no/file: cannot be read: No such file or directory"),
        ("demo --market nowhere", "there is no story of the market 'nowhere' in config/stories (there are: de, jm, "),
        ("new market fresh --wsdl /no/file --operation x", "/no/file: there is no such file"),
        ("import /no/file", "'/no/file' does not exist"),
        ("simulate nobody", "there is no simulated backend 'nobody'"),
        ("reload", "no service is running on "),
        *(
            (line, "there is no record ")
            for line in (
                "orders", "orders --attention", "orders --in-doubt", "orders X", "orders settle X --as absent", "orders dismiss X --why y",
                "tasks", "tasks redrive X", "dead-letters", "dead-letters redrive X", "dead-letters skip L/X --why y", "listeners",
                "listeners resume X", "codes", "purge", "backup /tmp/no-such-copy", "export /tmp/no-such-copy",
            )
        ),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_in_a_sentence_and_nothing_is_made(line, said, monkeypatch, tmp_path, capsys):
    assert called(tuple(line.split()), monkeypatch, tmp_path) == 2
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not (tmp_path / "data" / "adapter.db").exists()
