"""One market's rules: its mappings, tables and codes, checked against both contracts, then compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from adapter.bootstrap.connectors import way_of
from adapter.bootstrap.windows import check_windows
from adapter.codes import Catalogue, catalogue_in
from adapter.contract.shape import OperationContract
from adapter.contract.tmf import Resource, extend, load_extension, resource
from adapter.contract.validation import Validator
from adapter.errors import CheckFailed
from adapter.faces.declaration import Face
from adapter.finding import Finding, Position, once
from adapter.mapping.check import Canonical, Surroundings, check_parsed, question, question_for_many, unused_tables
from adapter.mapping.model import MappingFile
from adapter.mapping.parse import load_mapping
from adapter.mapping.tables import CodeTable, read_tables
from adapter.mapping.translator import Translator, make_translator
from adapter.mapping.types import Contracts
from adapter.market import Market
from adapter.resource import Resource as Life
from adapter.settings import Home

MissHook = Callable[[str, str, str], None]
Unknown = Callable[[str | None, str], None]


@dataclass(frozen=True, slots=True)
class MarketRules:
    """All that is declared about one market, read; ``findings`` are empty where it may be used. ``texts`` are for frames."""

    market: Market
    legacy: Mapping[str, OperationContract]
    resources: Mapping[str, Resource]
    mappings: Mapping[str, MappingFile]
    tables: Mapping[str, CodeTable]
    catalogue: Catalogue
    around: Surroundings
    findings: tuple[Finding, ...]
    texts: Mapping[str, str]

    @property
    def usable(self) -> bool:
        """Whether nothing but warnings was found."""
        return not any(finding.severity == "error" for finding in self.findings)

    def translators(self, on_miss: MissHook | None = None) -> dict[str, Translator]:
        """Every mapping compiled, by operation. Raises CheckFailed: a mapping that is wrong is never used."""
        if not self.usable:
            raise CheckFailed([finding for finding in self.findings if finding.severity == "error"])
        hook = {} if on_miss is None else {"on_miss": lambda table, direction, value: on_miss(table, str(direction), str(value))}
        return {name: make_translator(file, self.tables, self._contracts(name, file), **hook) for name, file in self.mappings.items()}

    def validators(self) -> dict[str, Validator]:
        """The check of what a caller may send, by operation."""
        found = {}
        for name in self.mappings:
            kind, _, verb = name.partition(".")
            if verb == "create":
                found[name] = Validator(self.resources[kind].create_schema, source=f"{kind} of market {self.market.market}")
        return found

    def _contracts(self, name: str, file: MappingFile) -> Contracts:
        canonical = self.around.of(name)
        assert canonical is not None, "a mapping without canonical contract has an error among the findings"
        return self.around.contracts(canonical, self.legacy[file.legacy.value])


def read_rules(
    home: Home, market: Market, faces: Iterable[Face], cache: Path | None = None, *, unknown: Unknown | None = None
) -> MarketRules:
    """Reads and checks everything of one market. What is wrong with mappings and codes are findings; raises ConfigError for
    a contract or an extension that cannot be read. ``cache``: the folder of compiled contracts, which need not be writable."""
    declared = list(faces)
    legacy = way_of(market).contracts(market, home.path(market.contract), cache)
    folder = home.mapping_folder(market.market)
    codes_name = f"mappings/{market.market}/codes.yaml"
    codes_file = folder / "codes.yaml"
    tables = read_tables(codes_file, codes_name)
    catalogue, code_findings = catalogue_in(tables.root, **({} if unknown is None else {"unknown": unknown}))
    findings = [*tables.findings, *code_findings]
    resources = _resources(home, market)
    around = _surroundings(market, declared, resources, legacy, tables.tables)
    mappings: dict[str, MappingFile] = {}
    texts = {**tables.parents, codes_name: tables.text}
    for path in sorted(folder.glob("*.*.yaml")):
        parsed = load_mapping(home.path("mappings"), market.market, path.stem)
        findings += check_parsed(parsed, around)
        texts.update(parsed.files)
        if parsed.file is not None:
            mappings[path.stem] = parsed.file
    findings += unused_tables(tables, mappings.values())
    findings += _missing_mappings(home, market, mappings)
    findings += check_windows(home, market)
    return MarketRules(market, legacy, resources, mappings, tables.tables, catalogue, around, tuple(once(findings)), texts)


def _resources(home: Home, market: Market) -> dict[str, Resource]:
    kinds = {operation.partition(".")[0] for operation in market.operations}
    found = {kind: resource(kind) for kind in sorted(kinds)}
    if market.extension is not None:
        extension = load_extension(home.path(market.extension))
        found = {kind: extend(canonical, extension) for kind, canonical in found.items()}
    return found


def _surroundings(
    market: Market,
    faces: list[Face],
    resources: Mapping[str, Resource],
    legacy: Mapping[str, OperationContract],
    tables: Mapping[str, CodeTable],
) -> Surroundings:
    routes = [route for face in faces for route in face.routes]
    supplied = frozenset(addition.member for face in faces for addition in face.additions)
    canonical = {
        kind: Canonical(
            request=each.create,
            resource=each.full,
            supplied=supplied,
            answers={face: contract.shape for face, contract in each.answers.items()},
        )
        for kind, each in resources.items()
    }
    return Surroundings(
        canonical={**canonical, **_questions(market, canonical, {route.operation for route in routes})},
        legacy=legacy,
        tables=tables,
        settings=market.settings,
        faces=frozenset(face.view for face in faces),
        header=frozenset(name for face in faces for name in face.headers),
        query=frozenset(name for route in routes for name in route.query),
        path=frozenset(name for route in routes for name in route.parameters),
    )


def _questions(market: Market, canonical: Mapping[str, Canonical], offered: Set[str]) -> dict[str, Canonical]:
    """By operation, the questions by which orders are followed. One that is offered to callers as well answers the whole resource."""
    found = {}
    for name, follow in market.follow.items():
        kind = name.partition(".")[0]
        life = Life.load(kind).life
        keys = {life.items.member: life.items.key[0]} if life.items is not None else {}
        if follow.by not in offered:
            found[follow.by] = question(canonical[kind], keys)
        if follow.bulk is not None:
            found[follow.bulk.operation] = question_for_many(canonical[kind], keys, life.identity)
    return found


def _missing_mappings(home: Home, market: Market, mappings: Mapping[str, MappingFile]) -> list[Finding]:
    file = f"config/markets/{market.market}.yaml"
    text = home.market_file(market.market).read_text(encoding="utf-8").splitlines()
    found = []
    for name in market.operations:
        if name not in mappings and not (home.mapping_folder(market.market) / f"{name}.yaml").is_file():
            line = next((number for number, line in enumerate(text, 1) if line.strip().startswith(f"{name}:")), 1)
            at = Position(file, line, 1, len(name))
            hint = f"write mappings/{market.market}/{name}.yaml, or remove the operation"
            found.append(Finding("K101", f"the operation {name} has no mapping", at, hint))
    return found
