"""The markets at work: built from what is declared at start, and built anew while the service runs.

A reload is all or nothing: where any file of any market has an error, every market keeps the rules it had.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from adapter.backend import Backend
from adapter.bootstrap.connectors import way_of
from adapter.bootstrap.inbound import arrivals_of, receiver_of
from adapter.bootstrap.kept import KeptRules
from adapter.bootstrap.market_file import framed
from adapter.bootstrap.observers import MarketMetrics
from adapter.bootstrap.routes import check_routes, routes_of
from adapter.bootstrap.rules import MarketRules
from adapter.declared import load_each
from adapter.errors import CheckFailed, ConfigError
from adapter.faces.declaration import Face
from adapter.finding import Finding, Position, placed
from adapter.mapping.frame import render_all
from adapter.market import Market, load_market
from adapter.redaction import Redaction
from adapter.settings import Home, Settings
from adapter.wire import Wire, settings_of

log = structlog.get_logger("adapter.service")


@dataclass(frozen=True, slots=True)
class Reload:
    """What became of a reload. ``text`` shows every finding at its line, for people."""

    loaded: bool
    text: str


class Backends(dict[str, Backend]):
    """Every market's backend by id. Readers see one state or the next, never a mixture within one market."""

    def __init__(
        self, home: Home, settings: Settings, faces: Sequence[Face], environment: Mapping[str, str], metrics: MarketMetrics
    ) -> None:
        """Raises ConfigError, CheckFailed."""
        super().__init__()
        self._home, self._markets, self._faces, self._environment, self._metrics = home, settings.markets, faces, environment, metrics
        self._cache = settings.contract_cache
        self._reloading = asyncio.Lock()
        self._read_once = {name: _digest(home, name) for name in _read_at_start(home, settings)}
        kept = self._kept_rules()
        declared = load_each(functools.partial(load_market, home.market_file(name), environment) for name in settings.markets)
        self.rules = {market.market: kept.read(market, functools.partial(metrics.unknown_code, market.market)) for market in declared}
        self.routes = routes_of(home, self.rules)
        for name, rules in self.rules.items():
            _warn(rules)
            if name in self.routes:
                continue
            wire = Wire(settings_of(rules.market, home.path), observer=metrics.wire(name))
            self[name] = self._build(rules, wire)

    async def close(self) -> None:
        """Closes every connection to a backend."""
        for backend in self.values():
            await backend.wire.close()

    async def reload(self) -> Reload:
        """Reads everything anew and puts it to work, where nothing is wrong with it. Exchanges under way end by the rules they began
        with. Endpoint, limits and TLS belong to the connections and take a restart."""
        async with self._reloading:
            rules, findings, texts = await asyncio.to_thread(self._read_all)
            loaded = not any(finding.severity == "error" for finding in findings)
            if loaded:
                built = {name: self._build(found, self[name].wire) for name, found in rules.items() if name in self}
                before = _versions(self)
                self.update(built)
                self.routes.update(routes_of(self._home, rules))
                self.rules = rules
                changed = {name: one[:12] for name, one in _versions(self).items() if before.get(name) != one}
                log.info("rules.reloaded", changed=changed)
            else:
                log.error("rules.not-reloaded", errors=[str(finding) for finding in findings if finding.severity == "error"])
            return Reload(loaded, render_all(findings, texts))

    def _kept_rules(self) -> KeptRules:
        return KeptRules(self._home, self._faces, self._cache)

    def _read(self, kept: KeptRules, name: str) -> MarketRules:
        market = load_market(self._home.market_file(name), self._environment)
        return kept.read(market, functools.partial(self._metrics.unknown_code, name))

    def _read_all(self) -> tuple[dict[str, MarketRules], list[Finding], dict[str, str]]:
        rules: dict[str, MarketRules] = {}
        findings: list[Finding] = []
        texts: dict[str, str] = {}
        kept = self._kept_rules()
        for name in self._markets:
            try:
                found = rules[name] = self._read(kept, name)
            except CheckFailed as error:
                findings += error.findings
                continue
            except ConfigError as error:
                findings.append(placed("K001", str(error), Position(f"config/markets/{name}.yaml", 1, 1)))
                continue
            findings += found.findings
            findings += _restart_needed(self.rules[name].market, found.market)
            texts.update(found.texts)
        findings += check_routes(self._home, [found.market for found in rules.values()])
        findings += [_changed_since(name) for name, before in self._read_once.items() if _digest(self._home, name) != before]
        return rules, findings, framed(self._home, findings, texts)

    def _build(self, rules: MarketRules, wire: Wire) -> Backend:
        market, metrics = rules.market, self._metrics
        connector = way_of(market).connect(market, self._home.path(market.contract), self._cache)
        translators = rules.translators(lambda table, direction, _value: metrics.table_miss(market.market, table, direction))
        return Backend(
            market=market,
            connector=connector,
            wire=wire,
            translators=translators,
            validators=rules.validators(),
            catalogue=rules.catalogue,
            redaction=Redaction(market.redact),
            receiver=receiver_of(self._home, market, self._cache),
            arrivals=arrivals_of(market, translators),
        )


def _versions(backends: Mapping[str, Backend]) -> dict[str, str]:
    """The version of each mapping, by market and operation."""
    return {f"{name}/{operation}": one.version for name, each in backends.items() for operation, one in each.translators.items()}


def _warn(rules: MarketRules) -> None:
    for finding in rules.findings:
        if finding.severity == "warning":
            log.warning("rules.finding", finding=str(finding))


def _read_at_start(home: Home, settings: Settings) -> list[str]:
    """The files that a reload does not read: the service's own, its clients, its faces and what they begin from."""
    faces = sorted(f"config/faces/{path.name}" for path in home.path("config/faces").glob("*.yaml"))
    return ["config/adapter.yaml", str(settings.clients), *faces]


def _digest(home: Home, name: str) -> bytes:
    try:
        return hashlib.sha256(home.path(name).read_bytes()).digest()
    except OSError:
        return b""


def _changed_since(name: str) -> Finding:
    return Finding(
        "K104", "the file has changed, and takes effect at the next start", Position(name, 1, 1), "restart the service", "warning"
    )


def _restart_needed(old: Market, new: Market) -> list[Finding]:
    at = Position(f"config/markets/{new.market}.yaml", 1, 1)
    changed = [
        key
        for key, before, now in (("limits", old.limits, new.limits), ("security.tls", old.security.tls, new.security.tls))
        if before != now
    ]
    return [
        Finding("K104", f"{key} has changed and takes effect at the next start", at, "restart the service", "warning") for key in changed
    ]
