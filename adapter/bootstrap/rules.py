"""One market's rules: its mappings, tables and codes, checked against both contracts, then compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adapter.bootstrap.connectors import way_of
from adapter.bootstrap.creates import check_creates
from adapter.bootstrap.documents import check_documents
from adapter.bootstrap.faults import check_faults
from adapter.bootstrap.inbound import check_inbound, misplaced
from adapter.bootstrap.market_file import market_places
from adapter.bootstrap.masks import check_masks, masked
from adapter.bootstrap.surroundings import changes_of, resources_of, surroundings
from adapter.bootstrap.windows import check_windows
from adapter.codes import Catalogue, catalogue_in
from adapter.contract.shape import OperationContract, Shape
from adapter.contract.tmf import Resource
from adapter.contract.validation import Validator
from adapter.declared import Mistake, Places
from adapter.errors import CheckFailed, ConfigError
from adapter.faces.declaration import Face
from adapter.finding import Finding, nearest, once, placed
from adapter.mapping.check import Surroundings, check_parsed, unused_tables
from adapter.mapping.model import MappingFile
from adapter.mapping.parse import load_mapping
from adapter.mapping.tables import CodeTable, read_tables
from adapter.mapping.translator import Translator, make_translator
from adapter.mapping.types import Contracts
from adapter.market import Market
from adapter.resource.declaration import Items
from adapter.settings import Home

MissHook = Callable[[str, str, str], None]
Unknown = Callable[[str | None, str], None]


@dataclass(frozen=True, slots=True)
class MarketRules:
    """All that is declared about one market, read; ``findings`` are empty where it may be used. ``changes`` are the
    operations that change a resource; ``texts`` are for frames. ``proved``: every mapping and every schema is known to compile."""

    market: Market
    legacy: Mapping[str, OperationContract]
    resources: Mapping[str, Resource]
    mappings: Mapping[str, MappingFile]
    tables: Mapping[str, CodeTable]
    catalogue: Catalogue
    around: Surroundings
    changes: frozenset[str]
    findings: tuple[Finding, ...]
    texts: Mapping[str, str]
    proved: bool = False

    @property
    def usable(self) -> bool:
        """Whether nothing but warnings was found."""
        return not any(finding.severity == "error" for finding in self.findings)

    def translators(self, on_miss: MissHook | None = None) -> dict[str, Translator]:
        """Every mapping compiled, by operation; where that has been done before, as soon as it is used. Raises CheckFailed: a mapping
        that is wrong is never used."""
        if not self.usable:
            raise CheckFailed([finding for finding in self.findings if finding.severity == "error"])
        hook = {} if on_miss is None else {"on_miss": lambda table, direction, value: on_miss(table, str(direction), str(value))}
        return {
            name: make_translator(file, self.tables, self._contracts(name, file), proved=self.proved, **hook)
            for name, file in self.mappings.items()
        }

    def validators(self) -> dict[str, Validator]:
        """The check of what a caller may send, by operation: a new resource, or the members of a merge patch."""
        found = {}
        for name, file in self.mappings.items():
            kind, _, verb = name.partition(".")
            resource = self.resources[kind]
            schema = resource.create_schema if verb == "create" else resource.update_schema if name in self.changes else None
            if schema is not None and not file.received:
                apart = _told_apart(schema, self.market.life(kind).life.items)
                found[name] = Validator(apart, source=f"{kind} of market {self.market.market}", proved=self.proved)
        return found

    @property
    def said(self) -> Mapping[str, Shape]:
        """What the backend may say, by operation: its reply, or its message."""
        contracts = {name: self.around.legacy_of(received=file.received)[file.legacy.value] for name, file in self.mappings.items()}
        return {name: one.input if self.mappings[name].received else one.output for name, one in contracts.items()}

    def _contracts(self, name: str, file: MappingFile) -> Contracts:
        canonical = self.around.of(name, received=file.received)
        assert canonical is not None, "a mapping without canonical contract has an error among the findings"
        legacy = self.around.legacy_of(received=file.received)[file.legacy.value]
        return self.around.contracts(canonical, legacy, received=file.received)


def _told_apart(schema: Mapping[str, Any], items: Items | None) -> Mapping[str, Any]:
    """The schema of a request whose parts, and the parts of parts, can be told apart: a report about one of two would be about neither."""
    if items is None or items.repeated or items.member not in schema.get("properties", {}):
        return schema
    listed = {**schema["properties"][items.member], "distinct": list(items.key)}
    part = str(listed.get("items", {}).get("$ref", "")).rpartition("/")[2]
    kinds = dict(schema.get("$defs", {}))
    if (nested := kinds.get(part, {}).get("properties", {}).get(items.member)) is not None:
        properties = {**kinds[part]["properties"], items.member: {**nested, "distinct": list(items.key)}}
        kinds[part] = {**kinds[part], "properties": properties}
    return {**schema, "properties": {**schema["properties"], items.member: listed}, "$defs": kinds}


def read_rules(
    home: Home, market: Market, faces: Iterable[Face], cache: Path | None = None, *, unknown: Unknown | None = None
) -> MarketRules:
    """Reads and checks everything of one market. What is wrong with mappings and codes are findings; raises ConfigError for
    a contract or an extension that cannot be read. ``cache``: the folder of compiled contracts, which need not be writable."""
    declared, places = list(faces), market_places(home, market.market)
    with _found_at(home, places, "connector"):
        way = way_of(market)
    with _found_at(home, places, "contract"):
        legacy = way.contracts(market, home.path(market.contract), cache)
        elsewhere = way.elsewhere(market, home.path(market.contract), cache)
    with _found_at(home, places, "inbound", "contract"):
        messages = market.inbound.contract or market.contract if market.inbound is not None else None
        inbound = {} if messages is None else way.inbound_contracts(market, home.path(messages), cache)
    folder = home.mapping_folder(market.market)
    codes_name = f"mappings/{market.market}/codes.yaml"
    codes_file = folder / "codes.yaml"
    tables = read_tables(codes_file, codes_name)
    catalogue, code_findings = catalogue_in(tables.root, **({} if unknown is None else {"unknown": unknown}))
    findings = [*tables.findings, *code_findings]
    with _found_at(home, places, "extension"):
        resources = resources_of(home, market)
    changes = changes_of(market, declared)
    around = replace(surroundings(market, declared, resources, changes, tables.tables, legacy, inbound), elsewhere=elsewhere)
    mappings: dict[str, MappingFile] = {}
    readable = True
    texts = {**tables.parents, codes_name: tables.text}
    for path in sorted(folder.glob("*.*.yaml")):
        parsed = load_mapping(home.path("mappings"), market.market, path.stem)
        texts.update(parsed.files)
        if parsed.file is not None and (wrong := misplaced(market, places, path.stem, parsed.file)) is not None:
            findings.append(wrong)
            continue
        readable &= not any(each.severity == "error" for each in parsed.findings)
        findings += check_parsed(parsed, around)
        if parsed.file is not None:
            mappings[path.stem] = parsed.file
    if readable:  # else a rule that cannot be read may use them
        findings += unused_tables(tables, mappings.values())
        findings += check_creates(market, mappings, legacy)
    findings += [places.finding(mistake) for mistake in market.mistakes()]
    findings += [places.finding(mistake) for mistake in _idle_states(market, changes)]
    findings += _missing_mappings(home, market, mappings, places)
    findings += check_windows(market, places)
    findings += [places.finding(mistake) for mistake in check_faults(market, legacy.values(), way.fault_codes)]
    findings += check_inbound(market, places, declared, mappings)
    elements = bool(market.redact) and way.elements(home.path(market.contract))
    documents = masked(resources, [*legacy.values(), *inbound.values()], declared, elements=elements)
    findings += [places.finding(mistake) for mistake in check_masks(market, documents, lambda: (*texts.values(), *_cases(folder)))]
    findings += check_documents(market, places, resources, mappings, declared)
    return MarketRules(market, legacy, resources, mappings, tables.tables, catalogue, around, changes, tuple(once(findings)), texts)


@contextmanager
def _found_at(home: Home, places: Places, *at: str) -> Iterator[None]:
    """What cannot be used is told at the line that names it."""
    try:
        yield
    except CheckFailed:
        raise
    except ConfigError as error:
        found = placed("K001", str(error).replace(f"{home.root}/", ""), places.at(at, value=True))
        named = places.value(at)
        raise CheckFailed([found if named is None else replace(found, hint=_beside(home, named.value))]) from error


def _beside(home: Home, named: str) -> str:
    """The file that was probably meant by the name of one that is not there."""
    path = home.path(named)
    near = nearest(path.name, sorted(each.name for each in path.parent.glob("*.*"))) if not path.exists() else ""
    return f"did you mean '{Path(named).with_name(near)}'?" if near else ""


def _cases(folder: Path) -> Iterator[str]:
    """The texts of a market's cases."""
    for path in sorted(folder.glob("cases/*.json")):
        yield path.read_text(encoding="utf-8", errors="replace")


def _idle_states(market: Market, changes: Set[str]) -> Iterator[Mistake]:
    """K209: states that clients may ask for by an operation that changes nothing on record."""
    for name, operation in market.operations.items():
        if operation.states and name not in changes:
            text = f"no client asks for a state by {name}; this has no effect"
            yield Mistake(
                ("operations", name, "states"), text, "declare it with the operation that changes the resource", "K209", severity="warning"
            )


def _missing_mappings(home: Home, market: Market, mappings: Mapping[str, MappingFile], places: Places) -> list[Finding]:
    found = []
    for where, names in ((("operations",), market.operations), (("inbound", "operations"), market.messages)):
        for name in names:
            if name not in mappings and not (home.mapping_folder(market.market) / f"{name}.yaml").is_file():
                hint = f"write mappings/{market.market}/{name}.yaml, or remove the operation"
                found.append(Finding("K101", f"the operation {name} has no mapping", places.at((*where, name)), hint))
    return found
