"""``adapter check [MARKET]``: every declared file against every contract it has to fit, before anything is loaded."""

from __future__ import annotations

import os
from dataclasses import replace
from enum import StrEnum

import typer

from adapter.bootstrap import read_rules
from adapter.bootstrap.routes import check_routes
from adapter.cli.place import here
from adapter.cli.unused import idle_patterns, unserved_routes
from adapter.errors import CheckFailed, ConfigError
from adapter.faces.clients import check_clients, check_open_faces, load_clients
from adapter.faces.declaration import Face, load_face
from adapter.finding import Finding, Position, once
from adapter.mapping.frame import render_all, to_json, to_sarif
from adapter.market import Market, load_market
from adapter.settings import Home, Settings


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
    market: str = typer.Argument("", metavar="[MARKET]", help="One market; all of config/adapter.yaml where none is named."),
    form: Format = typer.Option(Format.TEXT, "--format", help="text for people, json and sarif for editors and build servers."),
) -> None:
    """Check configuration, mappings, tables and codes; exit 1 where something is wrong."""
    home, settings = here(writes=False)
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
    texts: dict[str, str] = {}
    environment = Anything(os.environ)
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
    whole = len(faces) == len(settings.faces) and {market.market for market in declared} >= set(settings.markets)
    if whole:  # else the part that cannot be read may be the one that is asked for
        findings += unserved_routes(home, faces, declared)
    try:
        clients = load_clients(home.path(settings.clients), environment)
        check_clients(clients, settings.faces, settings.markets)
        check_open_faces(clients, faces)
        if len(faces) == len(settings.faces):
            findings += idle_patterns(home, str(settings.clients), clients, faces)
    except ConfigError as error:
        findings += _of(home, error, str(settings.clients))
    findings += check_routes(home, declared) if whole else ()
    mappings = 0
    for market in declared:
        if market.market not in markets:
            continue
        try:
            rules = read_rules(home, market, faces, settings.contract_cache)
        except ConfigError as error:
            findings += _of(home, error, f"config/markets/{market.market}.yaml")
            continue
        findings += rules.findings
        texts.update(rules.texts)
        mappings += len(rules.mappings)
    return once(findings), texts, mappings


def _of(home: Home, error: ConfigError, file: str) -> list[Finding]:
    """Findings of a file that could not be read at all, with places relative to the project."""
    root = f"{home.root}/"
    if isinstance(error, CheckFailed):
        return [replace(each, at=replace(each.at, file=each.at.file.removeprefix(root))) for each in error.findings]
    return [Finding("K001", str(error).replace(root, "").removeprefix(f"{file}: "), Position(file, 1, 1))]
