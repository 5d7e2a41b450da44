"""``adapter map``: one document through one direction of one mapping; no network, no record."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import typer

from adapter import clock
from adapter.bootstrap import MarketRules, read_rules
from adapter.cli.check import Anything
from adapter.cli.explained import explained
from adapter.cli.place import here
from adapter.contract.json_text import parse_json
from adapter.errors import ConfigError, InvalidMessage
from adapter.faces.declaration import load_face
from adapter.mapping.cases import written_case
from adapter.mapping.explain import FieldOrigin
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator
from adapter.mapping.types import MESSAGE_OUTCOMES
from adapter.market import load_market
from adapter.ports import Document
from adapter.settings import Home, Settings


def translate(
    file: Path = typer.Argument(
        ...,
        metavar="FILE",
        help='A JSON document; - reads standard input. The TMF order (of a question for many: {"orders": [...]}), or with --reply the '
        "legacy reply; of an operation that is received, the backend's message.",
    ),
    market: str = typer.Option(..., help="The market's id."),
    operation: str = typer.Option(..., help="The operation, e.g. productOrder.create."),
    reply: bool = typer.Option(False, "--reply", help="Map the other way: FILE is the legacy reply as JSON; of a message, its answer."),
    known: Path | None = typer.Option(None, help="The document on record that a change, a task or a message is about."),
    outcome: str = typer.Option("accepted", help=f"With --reply, of a message: {', '.join(MESSAGE_OUTCOMES)}."),
    request: Path | None = typer.Option(None, help="With --reply: the TMF order that was answered."),
    header: list[str] = typer.Option([], "--header", "-H", metavar="NAME=VALUE", help="A header of the caller."),
    query: list[str] = typer.Option([], metavar="NAME=VALUE", help="A query parameter of the caller."),
    path: list[str] = typer.Option([], metavar="NAME=VALUE", help="A path parameter of the caller."),
    face: str = typer.Option("", help="With --reply: the answer as this face shows it."),
    explain: bool = typer.Option(False, "--explain", help="Which rule made each field, and what no rule read."),
    case: str = typer.Option("", metavar="TITLE", help="Print a case for 'adapter test' that expects what comes out now; read it over."),
) -> None:
    """Translate one document, and show which rule made each field."""
    if outcome not in MESSAGE_OUTCOMES:
        raise typer.BadParameter(f"'{outcome}' is none of {', '.join(MESSAGE_OUTCOMES)}", param_hint="--outcome")
    home, settings = here(writes=False)
    rules = rules_of(home, settings, market)
    translator = rules.translators().get(operation)
    if translator is None:
        raise ConfigError(f"market {market} has no mapping {operation} (there are: {', '.join(rules.mappings)})")
    if face and face not in rules.around.faces:
        raise ConfigError(f"there is no face '{face}' (there are: {', '.join(sorted(rules.around.faces))})")
    document = _read(file)
    canonical = rules.around.of(operation, received=translator.received)
    many = canonical is not None and canonical.asked is not None
    given = not reply and not many and not translator.received
    scope = Scope(
        request=_read(request) if request else document if given else {},
        asked=document if many and not reply else None,
        reply=document if reply else None,
        known=_read(known) if known else None,
        message=document if translator.received else None,
        outcome={"kind": outcome, "text": ""},
        header=_pairs(header),
        query=_pairs(query),
        path=_pairs(path),
        setting=rules.market.settings,
        correlation_id="CORRELATION-ID",
        client_reference="CLIENT-REFERENCE",
        now=clock.iso(clock.now()),
        uid="UID",
    )
    try:
        if case:
            _show(written_case(case, operation, translator, scope, face))
        elif translator.received:
            _message(translator, scope, reply, explain)
        else:
            _reply(translator, scope, face, explain) if reply else _request(translator, scope, explain)
    except InvalidMessage as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None


def rules_of(home: Home, settings: Settings, market: str) -> MarketRules:
    """One market's rules, without the need for real addresses. Raises ConfigError."""
    environment = Anything(os.environ)
    if market not in settings.markets:
        raise ConfigError(f"there is no market '{market}' in config/adapter.yaml (there are: {', '.join(settings.markets)})")
    faces = [load_face(home.face_file(name), environment) for name in settings.faces]
    return read_rules(home, load_market(home.market_file(market), environment), faces, settings.contract_cache)


def _message(translator: Translator, scope: Scope, answer: bool, explain: bool) -> None:
    typer.echo(f"identity: {translator.identity(scope) or 'its content'}", err=True)
    written, origins = translator.explain("report", scope)
    if answer:
        written, origins = translator.explain("answer", replace(scope, report=written.document))
    if explain:
        _explained(origins, written.notices)
    _show(written.document)


def _request(translator: Translator, scope: Scope, explain: bool) -> None:
    refusals = translator.refused(scope)
    for refusal in refusals:
        typer.echo(f"refused: {refusal.status}{f' {refusal.code}' if refusal.code else ''} {refusal.text}", err=True)
    if refusals:
        raise typer.Exit(1)
    if not explain:
        _show(translator.request(scope).document)
        return
    written, origins = translator.explain("request", scope)
    _explained(origins, written.notices)
    for path in translator.unread(scope):
        typer.echo(f"not read by any rule: {path}", err=True)
    _show(written.document)


def _reply(translator: Translator, scope: Scope, face: str, explain: bool) -> None:
    verdict = translator.outcome(scope)
    typer.echo(f"outcome: {verdict.kind}" + (f" by {verdict.rule}" if verdict.rule else ""), err=True)
    for text in verdict.texts:
        typer.echo(f"  {text}", err=True)
    scope = replace(scope, warnings=verdict.texts)
    if (subject := translator.subject(scope)) is not None:
        typer.echo(f"subject: {orjson.dumps(subject.document, default=_number).decode()}", err=True)
    written, origins = translator.explain("reply", scope)
    if explain:
        _explained(origins, written.notices)
    document = written.document
    if face in translator.faces:  # the other faces see the canonical answer
        document, changes = translator.explain_view(face, scope, document)
        if explain:
            _explained(changes, ())
    _show(document)


def _explained(origins: list[FieldOrigin], notices: tuple[str, ...]) -> None:
    for line in explained(origins):
        typer.echo(line, err=True)
    for notice in notices:
        typer.echo(f"note: {notice}", err=True)


def _read(file: Path) -> Document:
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}; name a JSON document, or - for standard input") from error
    try:
        document = parse_json(raw)
    except InvalidMessage as error:
        raise ConfigError(f"{file}: {str(error).replace('The request body', 'the document', 1)}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{file}: the document is no JSON object, which is needed here")
    return document


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise typer.BadParameter(f"'{text}' is not NAME=VALUE")
        pairs[name] = value
    return pairs


def _show(document: Any) -> None:
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=_number).decode())


def _number(value: object) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError
