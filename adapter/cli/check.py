"""``adapter check [MARKET]``: every declared file against every contract it has to fit, before anything is loaded."""

from __future__ import annotations

import os
from collections.abc import Collection
from enum import StrEnum

import typer

from adapter.bootstrap import read_rules
from adapter.bootstrap.market_file import framed
from adapter.bootstrap.named import below, named_nowhere
from adapter.bootstrap.routes import check_routes
from adapter.cli.place import here
from adapter.cli.story import load_story, stories
from adapter.cli.unused import idle_parties, idle_patterns, unserved_routes
from adapter.errors import CheckFailed, ConfigError
from adapter.faces.clients import Clients, load_clients
from adapter.faces.declaration import Face, load_face
from adapter.finding import Finding, Position, once, placed
from adapter.mapping.frame import render_all, to_json, to_sarif
from adapter.market import Market, load_market
from adapter.settings import Home, Settings

_OF_FACES = frozenset({"M211", "M801", "K107", "K208"})
"""What a face that cannot be read brings about in files that are right."""


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


class Anything(dict[str, str]):
    """An environment in which every variable is set: a check needs no real addresses."""

    def __missing__(self, name: str) -> str:
        return f"http://{name.lower().replace('_', '-')}.invalid"

    def get(self, name: str, default: str | None = None) -> str:  # type: ignore[override]
        """The real value, the declared default, or a stand-in."""
        return dict.get(self, name, default) or self[name]


def check(
    market: str = typer.Argument("", metavar="MARKET", help="One market; all of config/adapter.yaml where none is named."),
    form: Format = typer.Option(Format.TEXT, "--format", help="text for people, json and sarif for editors and build servers."),
) -> None:
    """Check configuration, mappings, tables and codes; exit 1 where something is wrong."""
    home, settings = here(writes=False)
    if market and not home.market_file(market).is_file():
        raise ConfigError(f"there is no market '{market}': config/markets has no {market}.yaml (there are: {', '.join(settings.markets)})")
    findings, texts, mappings = _all(home, settings, (market,) if market else settings.markets)
    if form is Format.TEXT:
        typer.echo(render_all(findings, texts), nl=False)
        if not findings:
            typer.echo(f"{mappings} mappings of {market or ', '.join(settings.markets)} fit their contracts")
    else:
        typer.echo(to_json(findings) if form is Format.JSON else to_sarif(findings))
    raise typer.Exit(1 if any(finding.severity == "error" for finding in findings) else 0)


def _all(home: Home, settings: Settings, markets: tuple[str, ...]) -> tuple[list[Finding], dict[str, str], int]:
    findings: list[Finding] = []
    environment = Anything(os.environ)
    faces, declared = _declared(home, settings, markets, environment, findings)
    readable = len(faces) == len(settings.faces)
    whole = readable and {market.market for market in declared} >= set(settings.markets)
    if whole:  # else the part that cannot be read may be the one that is asked for
        findings += unserved_routes(home, faces, declared)
        findings += check_routes(home, declared)
    findings += _of_clients(home, settings, faces, declared if whole else [], environment)
    findings += _of_stories(home, markets, environment)
    texts: dict[str, str] = {}
    mappings = 0
    for market in (each for each in declared if each.market in markets):
        try:
            rules = read_rules(home, market, faces, settings.contract_cache)
        except ConfigError as error:
            findings += _of(home, error, f"config/markets/{market.market}.yaml")
            continue
        findings += rules.findings if readable else (each for each in rules.findings if each.code not in _OF_FACES)
        texts.update(rules.texts)
        mappings += len(rules.mappings)
    found = once(findings)
    return found, framed(home, found, texts), mappings


def _declared(
    home: Home, settings: Settings, markets: tuple[str, ...], environment: Anything, findings: list[Finding]
) -> tuple[list[Face], list[Market]]:
    """The faces and markets that can be read. What is wrong with a market that is not asked for is left out."""
    faces: list[Face] = []
    for name in settings.faces:
        try:
            faces.append(load_face(home.face_file(name), environment))
        except ConfigError as error:
            findings += _of(home, error, f"config/faces/{name}.yaml")
    declared: list[Market] = []
    for name in dict.fromkeys((*settings.markets, *markets)):
        try:
            declared.append(load_market(home.market_file(name), environment))
        except ConfigError as error:
            findings += _of(home, error, f"config/markets/{name}.yaml") if name in markets else ()
    return faces, declared


def _of_clients(home: Home, settings: Settings, faces: list[Face], markets: list[Market], environment: Anything) -> list[Finding]:
    """What clients and faces say of each other and of markets; ``markets`` are empty where some cannot be read."""
    clients: Clients | None = None
    findings: list[Finding] = []
    try:
        clients = load_clients(home.path(settings.clients), environment)
    except ConfigError as error:
        findings += _of(home, error, str(settings.clients))
    findings += named_nowhere(home, settings, faces, clients)
    if clients is not None and len(faces) == len(settings.faces):
        findings += idle_patterns(home, str(settings.clients), clients, faces)
    if clients is not None and markets:
        findings += idle_parties(home, str(settings.clients), clients, markets)
    return findings


def _of_stories(home: Home, markets: Collection[str], environment: Anything) -> list[Finding]:
    """What is wrong with the stories of these markets, as far as they have any."""
    findings: list[Finding] = []
    for name in (each for each in stories(home) if each in markets):
        try:
            load_story(home, name, environment)
        except ConfigError as error:
            findings += _of(home, error, f"config/stories/{name}.yaml")
    return findings


def _of(home: Home, error: ConfigError, file: str) -> list[Finding]:
    """Findings of a file that could not be read at all, with places relative to the project."""
    if isinstance(error, CheckFailed):
        return [below(home, each) for each in error.findings]
    return [placed("K001", str(error).replace(f"{home.root}/", ""), Position(file, 1, 1))]
