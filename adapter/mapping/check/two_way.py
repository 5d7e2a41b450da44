"""Two-way rules: both paths in both directions, converters that fit and have an inverse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from adapter.contract.shape import Kind, Place, Shape
from adapter.finding import Finding, Position, suggest
from adapter.mapping.catalogue import finding
from adapter.mapping.check.elements import shared_elements
from adapter.mapping.check.hints import Ways, require_hint, walked_ways
from adapter.mapping.check.lookups import Lookups
from adapter.mapping.check.places import place_of
from adapter.mapping.check.reads import errors, needs_of, of_elements, path_access, type_at
from adapter.mapping.check.rules import RuleCheck
from adapter.mapping.check.targets import Write
from adapter.mapping.check.values import misfit
from adapter.mapping.converters import CONVERTERS, Converter, arguments_for
from adapter.mapping.expression import infer
from adapter.mapping.functions import FILTERS
from adapter.mapping.model import BothRule, ConverterCall, Direction, Expr, PathText, TwoWayList, TwoWayRule
from adapter.mapping.tables import CodeTable
from adapter.mapping.types import ScopeShapes, Type


@dataclass(frozen=True, slots=True)
class Way:
    """One direction at one level: ``source`` is read by the name ``root`` in ``scope``, ``target`` is written."""

    source: Shape
    target: Shape
    scope: ScopeShapes
    root: str
    ways: Ways = field(default_factory=dict)


Level = Mapping[Direction, Way]  # those that the operation has, for the document or for one element of a list


@dataclass(frozen=True, slots=True)
class _Link:
    """A converter that is known, with its table where it has one."""

    call: ConverterCall
    converter: Converter
    table: CodeTable | None


Written = dict[Direction, list[Write]]


@dataclass(frozen=True, slots=True)
class TwoWayCheck:
    """Checks ``both``; ``checks`` are for the one-way rules inside of two-way lists."""

    checks: Mapping[Direction, RuleCheck]
    lookups: Lookups
    findings: list[Finding]
    operation: str

    def rules(self, rules: Sequence[BothRule], level: Level) -> Written:
        """Checks the rules; gives what they write on either side."""
        written: Written = {Direction.REQUEST: [], Direction.REPLY: []}
        for rule in rules:
            places = self._places(rule, level)
            if not places:
                continue
            made = self._list(rule, places, level) if isinstance(rule, TwoWayList) else self._value(rule, places, level)
            for direction, write in made.items():
                written[direction].append(write)
        if len(level) == len(Direction):
            self.findings.extend(shared_elements(rules))
        return written

    # -- paths

    def _places(self, rule: BothRule, level: Level) -> dict[Direction, tuple[Place, Place]]:
        """(canonical, legacy) place by direction; empty where one of them is missing."""
        wanted = [direction for direction in level if rule.only in (None, direction)]
        canonical, legacy = {}, {}
        for direction in wanted:
            way = level[direction]
            first, second = (way.source, way.target) if direction is Direction.REQUEST else (way.target, way.source)
            canonical[direction] = place_of(first, rule.canonical, "M201")
            legacy[direction] = place_of(second, rule.legacy, "M202")
        good = self._told(canonical, rule.canonical, "")
        good = self._told(legacy, rule.legacy, self.operation) and good
        if not good:
            return {}
        return {direction: (_place(canonical[direction]), _place(legacy[direction])) for direction in wanted}

    def _told(self, found: dict[Direction, Place | Finding], path: PathText, operation: str) -> bool:
        """Says what is missing; a path that exists in one direction only is another mistake than one that exists nowhere."""
        wrong = {direction: each for direction, each in found.items() if isinstance(each, Finding)}
        if not wrong:
            return True
        if len(wrong) == len(found) or any(each.code in ("M302", "M303") for each in wrong.values()):
            self.findings.append(next(iter(wrong.values())))
        elif Direction.REQUEST in wrong:
            there, here = (f"the reply of {operation}", "its request") if operation else ("the resource", "what a front-end may send")
            text = f"'{path.text}' is in {there}, but not in {here}"
            self.findings.append(finding("M505", text, path.at, "move the rule to 'reply'"))
        else:
            there, here = (f"the request of {operation}", "its reply") if operation else ("what a front-end may send", "the resource")
            text = f"'{path.text}' is in {there}, but not in {here}"
            self.findings.append(finding("M502", text, path.at, "move the rule to 'request'"))
        return False

    # -- one value

    def _value(self, rule: TwoWayRule, places: dict[Direction, tuple[Place, Place]], level: Level) -> dict[Direction, Write]:
        links = self._links(rule)
        before = len(self.findings)
        if links is not None:
            canonical, legacy = next(iter(places.values()))
            self._chain(rule, links, canonical, legacy)
            if len(places) == len(Direction):
                self._inverse(links)
        sound = links is not None and len(self.findings) == before
        made: dict[Direction, Write] = {}
        for direction, (canonical, legacy) in places.items():
            way = level[direction]
            source, target, place = (
                (rule.canonical, rule.legacy, legacy) if direction is Direction.REQUEST else (rule.legacy, rule.canonical, canonical)
            )
            read = type_at(way.root, source.path.steps, way.scope)
            if sound and links is not None:
                given = self._converted(links, read, place.shape, direction, rule.legacy.at)
                given = replace(given, nullable=False)  # null is not written where the place takes none
                self.findings.extend(misfit(given, place, rule.legacy.at, f"'{target.text}'"))
            left_out = read.nullable and not place.nullable
            always = not read.optional and not left_out
            needs = needs_of(path_access(way.root, source.path.steps), way.scope)
            if needs is not None and left_out:
                needs |= {("value", way.root, str(source.path))}
            if direction is Direction.REQUEST and rule.default is not None:
                always = self._default(rule.default, place, target.text, way.scope, always) or always
                needs = None
            made[direction] = Write(target, always, target.at, False, needs, remedy=require_hint(way.root, source.path.steps, way.ways))
        return made

    def _default(self, default: Expr, place: Place, name: str, scope: ScopeShapes, there: bool) -> bool:
        """Whether the default is always there."""
        value, found = infer(default, scope)
        self.findings.extend(found)
        if errors(found):
            return True
        if there:
            self.findings.append(finding("M414", "the value is always there, so the default has no effect", default.at, "remove it"))
        self.findings.extend(misfit(value, place, default.at, f"'{name}'"))
        return not value.optional

    def _links(self, rule: TwoWayRule) -> list[_Link] | None:
        """The converters of a rule; None where one is unknown or has wrong arguments."""
        links: list[_Link] = []
        for call in rule.converters:
            converter = CONVERTERS.get(call.name)
            if converter is None:
                hint = _converters(call.name)
                self.findings.append(finding("M206", f"there is no converter '{call.name}'", call.at, hint))
                continue
            try:
                given = arguments_for(converter, call.arguments)
                if converter.bind is not None:
                    converter.bind(*given)
            except ValueError as error:
                self.findings.append(
                    finding("M207", f"the arguments of '{call.name}' do not fit: {error}", call.at, f"write {converter.signature}")
                )
                continue
            table = self.lookups.table(str(given[0]), call.at) if converter.table else None
            if not converter.table or table is not None:
                links.append(_Link(call, converter, table))
        return links if len(links) == len(rule.converters) else None

    def _chain(self, rule: TwoWayRule, links: list[_Link], canonical: Place, legacy: Place) -> None:
        """Kinds from the legacy side to the canonical one, converter by converter."""
        ends = _Kind.of(legacy), _Kind.of(canonical)
        if not links:
            if not ends[0].fits(ends[1]) or not ends[1].fits(ends[0]):
                text = f"'{rule.canonical.text}' is {ends[1]}, '{rule.legacy.text}' is {ends[0]}"
                self.findings.append(finding("M504", text, rule.legacy.at, _between(ends[1], ends[0])))
            return
        current, name = ends[0], f"'{rule.legacy.text}'"
        for link in links:
            takes = _Kind(link.converter.legacy.kind, link.converter.legacy.many)
            if not current.fits(takes):
                text = f"'{link.call.name}' has {takes} on its legacy side, {name} is {current}"
                self.findings.append(finding("M501", text, link.call.at, _between(ends[1], ends[0])))
                return
            current, name = _Kind(link.converter.canonical.kind, link.converter.canonical.many), f"the result of '{link.call.name}'"
        if not current.fits(ends[1]):
            text = f"{name} is {current}, '{rule.canonical.text}' is {ends[1]}"
            self.findings.append(finding("M501", text, links[-1].call.at, _between(ends[1], ends[0])))
            return
        for link in links:
            self._shapes(link, canonical, legacy)

    def _shapes(self, link: _Link, canonical: Place, legacy: Place) -> None:
        if link.converter.misfit is not None:
            given = arguments_for(link.converter, link.call.arguments)
            if wrong := link.converter.misfit(given, canonical.shape, legacy.shape):
                self.findings.append(finding("M501", f"'{link.call.name}' does not fit: {wrong}", link.call.at))

    def _inverse(self, links: list[_Link]) -> None:
        for link in links:
            if link.table is None:
                continue
            name = link.table.name.value
            for row in link.table.ambiguous:
                first = link.table.to_canonical[row.sent.value]
                text = f"the table {name} has no way back: '{row.canonical.value}' and '{first}' are both '{row.sent.value}'"
                hint = f"make the rows one to one ({row.sent.at}), or write a rule for each direction"
                self.findings.append(finding("M503", text, link.call.at, hint))
            if link.table.request.default is not None:
                text = f"the table {name} sends every unknown code as '{link.table.request.default}', which cannot come back"
                hint = "let it pass or reject in this direction, or write a rule for each direction"
                self.findings.append(finding("M503", text, link.call.at, hint))

    def _converted(self, links: list[_Link], value: Type, target: Shape, direction: Direction, at: Position) -> Type:
        """The type on the other side."""
        ordered = links if direction is Direction.REPLY else list(reversed(links))
        for index, link in enumerate(ordered):
            side = link.converter.canonical if direction is Direction.REPLY else link.converter.legacy
            if link.table is not None:
                last = index == len(ordered) - 1
                value = self.lookups.looked_up(link.table, value, target if last else Shape(Kind.TEXT), at, direction)
            else:
                value = Type(side.kind, many=side.many, optional=value.optional, nullable=value.nullable)
        return value

    # -- lists

    def _list(self, rule: TwoWayList, places: dict[Direction, tuple[Place, Place]], level: Level) -> dict[Direction, Write]:
        ways: dict[Direction, Way] = {}
        writes: dict[Direction, Write] = {}
        for direction, (canonical, legacy) in places.items():
            way = level[direction]
            source, target = (rule.canonical, rule.legacy) if direction is Direction.REQUEST else (rule.legacy, rule.canonical)
            first, second = (canonical, legacy) if direction is Direction.REQUEST else (legacy, canonical)
            elements = type_at(way.root, source.path.steps, way.scope)
            access = path_access(way.root, (*source.path.steps[:-1], replace(source.path.steps[-1], each=False)))
            listed = (canonical if direction is Direction.REQUEST else legacy).member
            if listed is not None and not listed.null_elements:
                elements = replace(elements, nullable=False)  # a list that is null is walked like an empty one
            inside = of_elements(access, way.scope, way.scope.inside(elements))
            depth = len(way.scope.walked)
            ways[direction] = Way(first.shape, second.shape, inside, f"item{depth}", walked_ways(access, depth, way.ways))
            writes[direction] = Write(
                target,
                not elements.optional,
                target.at,
                False,
                needs_of(access, way.scope),
                (),
                require_hint(way.root, access.steps, way.ways),
            )
        inner = self.rules(rule.both, ways)
        for direction, own in ((Direction.REQUEST, rule.request), (Direction.REPLY, rule.reply)):
            if direction in writes:
                way = ways[direction]
                more = self.checks[direction].rules(own, way.target, way.scope, way.ways)
                writes[direction] = replace(writes[direction], inner=(*inner[direction], *more))
        return writes


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind, and how many."""

    kind: Kind
    many: bool

    @staticmethod
    def of(place: Place) -> _Kind:
        return _Kind(place.shape.kind, place.many)

    def fits(self, other: _Kind) -> bool:
        if Kind.ANY in (self.kind, other.kind):
            return True
        return self.kind is other.kind and self.many == other.many

    def __str__(self) -> str:
        return f"list of {self.kind}" if self.many else str(self.kind)


def _between(canonical: _Kind, legacy: _Kind) -> str:
    fitting = [
        each.signature
        for each in CONVERTERS.values()
        if (each.canonical.kind, each.canonical.many) == (canonical.kind, canonical.many)
        and (each.legacy.kind, each.legacy.many) == (legacy.kind, legacy.many)
    ]
    if canonical == legacy or not fitting:
        return "" if canonical == legacy else "write a rule for each direction"
    return "converters between them: " + ", ".join(fitting)


def _converters(name: str) -> str:
    """What to write instead of a converter that there is not."""
    if name in FILTERS:
        way_back = "both directions go through this rule, so only what has a way back can stand here"
        return f"{way_back}: {', '.join(CONVERTERS)}; or write a rule for each direction"
    return suggest(name, CONVERTERS) or f"there are: {', '.join(CONVERTERS)}"


def _place(found: Place | Finding) -> Place:
    assert isinstance(found, Place)
    return found
