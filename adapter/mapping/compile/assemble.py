"""Python that writes one document: the tree of ``plan``, member by member in the contract's order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from adapter.contract.shape import Member
from adapter.errors import CheckFailed
from adapter.finding import Finding, Position
from adapter.mapping.compile.code import Mark, Suite
from adapter.mapping.compile.expr import ExpressionWriter
from adapter.mapping.compile.lookup import MissHook, lookup
from adapter.mapping.compile.plan import LeafNode, ListNode, Node, ObjectNode, RepeatNode
from adapter.mapping.compile.reader import Names, Reader, Use
from adapter.mapping.compile.record import BranchRecord, RuleRecord, SourcePath
from adapter.mapping.converters import CONVERTERS, bind_converter
from adapter.mapping.model import Branch, ConverterCall, Direction, Expr, ListRule, Text, TwoWayRule, ValueRule
from adapter.mapping.runtime import CLASSES, border
from adapter.mapping.tables import CodeTable


@dataclass(slots=True)
class Unit:
    """What all functions of one module share."""

    names: Names
    tables: Mapping[str, CodeTable]
    on_miss: MissHook
    telling: bool  # the form with provenance
    helpers: list[tuple[str, Suite]] = field(default_factory=list)
    uses: Counter[Use] = field(default_factory=Counter)
    records: list[RuleRecord] = field(default_factory=list)
    lookups: dict[tuple[str, Direction], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Value:
    """A value on its way: its variable, and the variables of branch and looked up code ("" where there are none)."""

    variable: str
    branch: str = ""
    code: str = ""


class Assembler:
    """Writes the rules of one function. ``direction`` decides which side of two-way rules and tables is read, ``source`` is the document
    that two-way rules read."""

    def __init__(self, unit: Unit, function: Suite, direction: Direction, section: str, source: str = "") -> None:
        self.unit, self.direction, self.section, self.source = unit, direction, section, source
        self.reader = Reader(unit.names, function, unit.helpers, unit.uses)
        self.expressions = ExpressionWriter(unit.names, self.reader)
        self.lists: list[str] = []  # the variables of the lists being written, outermost first
        self.notices = False

    # -- objects and lists

    def object(self, node: ObjectNode, suite: Suite) -> str:
        """Builds an object; gives the variable that holds it, which is empty where nothing was written."""
        variable = self.unit.names.fresh("o")
        suite.add(f"{variable} = {{}}")
        required: list[tuple[str, str, Mark]] = []
        for name, child in node.ordered():
            if child is None:
                suite.add(f"{variable}[{name!r}] = {node.pick.value!r}" if node.pick else "pass")
                continue
            missing, mark = self._member(variable, name, child, suite)
            if missing and _required(child):
                required.append((missing, name, mark))
        nothing = self._nothing(node, variable)
        contract = "the backend's contract" if self.direction is Direction.REQUEST else "the TMF contract"
        for missing, name, mark in required:
            suite.add(f"if {missing}{nothing}: unwritten({name!r}, {contract!r})", mark)
        return variable

    @staticmethod
    def _nothing(node: ObjectNode, variable: str) -> str:
        """The condition under which a missing required member matters: the object is written at all."""
        if node.pick is not None:
            return f" and len({variable}) > 1"
        return f" and {variable}" if node.path else ""

    def _member(self, variable: str, name: str, child: Node, suite: Suite) -> tuple[str, Mark]:
        """Writes one member; gives the condition under which it is missing ("" for never)."""
        if isinstance(child, LeafNode):
            return self._leaf(variable, name, child, suite)
        before = len(self.unit.records)
        made = self.object(child, suite) if isinstance(child, ObjectNode) else self._list(child, suite)
        below = (source for record in self.unit.records[before:] for branch in record.branches for source in branch.sources)
        mark = Mark(_place(child), child.path, tuple(self.lists), sources=tuple(_around(below, self.reader.depth)))
        suite.add(f"if {made}: {variable}[{name!r}] = {made}", mark)
        if isinstance(child, ListNode) and all(isinstance(part, RepeatNode) for part in child.parts):
            suite.add(f"elif {made}_empty: {variable}[{name!r}] = {made}", mark)  # the source was there and empty
            if not child.member.min_items:
                return f"not {made} and not {made}_empty", mark
        return f"not {made}", mark

    def _list(self, node: ListNode, suite: Suite) -> str:
        variable = self.unit.names.fresh("l")
        suite.add(f"{variable} = []")
        suite.add(f"{variable}_empty = False")
        for part in node.parts:
            if isinstance(part, RepeatNode):
                self._repeat(part, variable, suite)
            else:
                made = self.object(part, suite)
                suite.add(f"if len({made}) > 1: {variable}.append({made})")
        return variable

    def _repeat(self, node: RepeatNode, variable: str, suite: Suite) -> None:
        rule = node.repeat.rule
        record = RuleRecord(self.section, node.element.path, rule.at, rule.layer, direction=self.direction, is_list=True)
        mark = Mark(rule.at, node.element.path, (*self.lists, variable), record)
        head = Mark(rule.at, node.element.path.removesuffix("[]"), tuple(self.lists), record)
        self.reader.mark = head
        values, source, walked = self._source(node)
        head = replace(head, sources=walked or (source,))
        depth = self.reader.depth
        each = self.unit.names.fresh("s")
        suite.add(f"{each} = {values}", head)
        suite.add(f"if {each}.__class__ is not list: {each} = elements({each})", head)
        suite.add(f"elif not {each}: {variable}_empty = True")
        suite.add(f"i{depth} = -1")
        loop = suite.loop(f"for x{depth} in {each}", head)
        loop.add(f"i{depth} += 1")
        loop.fence()
        self.reader.mark = mark
        self.reader.enter(source, loop)
        self.lists.append(variable)
        sources = [source, *walked]
        if isinstance(rule, ListRule) and rule.when is not None:
            self.reader.heard = []
            condition = self.expressions.condition(rule.when.node)
            loop.add(f"if not {condition}: continue", replace(mark, sources=tuple(self.reader.heard)))
            sources += self.reader.heard
            loop.fence()
        made = self.object(node.element, loop)
        record.branches.append(BranchRecord("", rule.at, tuple(sources)))
        number = self._record(record)
        self.lists.pop()
        self.reader.leave()
        if self.unit.telling:
            loop.add(f"if {made}: tell(({number}, None, {self._indices((*self.lists, variable))}, {self._read(depth + 1)}, 0, None))")
        loop.add(f"if {made}: {variable}.append({made})", mark)

    def _source(self, node: RepeatNode) -> tuple[str, SourcePath, tuple[SourcePath, ...]]:
        """The Python expression of the list that is walked, what it is called, and what a computed one is computed from."""
        rule = node.repeat.rule
        self.reader.heard = []
        if isinstance(rule, ListRule):
            values = self.expressions.value(rule.each.node)
            heard = self.reader.heard
            plain = len(heard) == 1 and heard[0].text == rule.each.text.replace("['", ".").replace("']", "")
            if len(heard) == 1 and (plain or values.isidentifier()):
                return values, _walking(heard[0]), ()
            first = heard[0] if heard else SourcePath("", "")
            return values, replace(first, text=f"({rule.each.text})"), tuple(heard)
        path = rule.canonical.path if self.direction is Direction.REQUEST else rule.legacy.path
        values = self.reader.path(self._side(), path.steps)
        return values, _walking(self.reader.heard[0]), ()

    # -- values

    def _leaf(self, variable: str, name: str, node: LeafNode, suite: Suite) -> tuple[str, Mark]:
        rule = node.write.rule
        record = RuleRecord(self.section, node.path, rule.at, rule.layer, direction=self.direction)
        mark = Mark(rule.at, node.path, tuple(self.lists), record)
        self.reader.mark = mark
        value = self._both(rule, record, suite, mark) if isinstance(rule, TwoWayRule) else self._one_way(rule, record, suite, mark)
        number = self._record(record)
        mark = replace(mark, branch=value.branch)
        store = f"{variable}[{name!r}] = "
        self._write(suite, mark, store, value, node.member, number=number, null_is_absent=isinstance(rule, TwoWayRule))
        missing = f"{value.variable} is A"
        if isinstance(rule, TwoWayRule) and not node.member.nullable:
            missing = f"({missing} or {value.variable} is None)"
        return missing, mark

    def value(self, rule: ValueRule, path: str, suite: Suite) -> tuple[Value, int, Mark]:
        """Computes the value of a one-way rule that is written by the caller."""
        record = RuleRecord(self.section, path, rule.at, rule.layer, direction=self.direction)
        mark = Mark(rule.at, path, (), record)
        self.reader.mark = mark
        found = self._one_way(rule, record, suite, mark)
        return found, self._record(record), mark

    def _write(self, suite: Suite, mark: Mark, store: str, value: Value, member: Member, *, number: int, null_is_absent: bool) -> None:
        """Checks the value against its place and writes it; what is absent is not written."""
        found = value.variable
        check = self.unit.names.constant(border(member.shape.kind, member.many, member.nullable), "c")
        told = self._told(number, value)
        plain = None if member.many else CLASSES.get(member.shape.kind)
        absent = f"{found} is not A and {found} is not None" if null_is_absent and not member.nullable else f"{found} is not A"
        if plain is not None:
            block = suite.block(f"if {found}.__class__ is {plain.__name__}", mark)
            block.add(store + found)
            self._tell(block, told)
        block = suite.block(f"{'elif' if plain else 'if'} {absent}", mark)
        block.add(f"{found} = {check}({found})", mark)
        block.add(store + found)
        self._tell(block, told)

    def _told(self, number: int, value: Value) -> str:
        branch, code = value.branch or "0", value.code or "None"
        return f"{number}, {value.variable}, {self._indices(tuple(self.lists))}, {self._read(self.reader.depth)}, {branch}, {code}"

    def _tell(self, suite: Suite, told: str) -> None:
        if self.unit.telling:
            suite.add(f"tell(({told}))")

    @staticmethod
    def _indices(lists: tuple[str, ...]) -> str:
        return f"({''.join(f'len({name}), ' for name in lists)})"

    @staticmethod
    def _read(depth: int) -> str:
        return f"({''.join(f'i{level}, ' for level in range(depth))})"

    def _record(self, record: RuleRecord) -> int:
        self.unit.records.append(record)
        return len(self.unit.records) - 1

    def _both(self, rule: TwoWayRule, record: RuleRecord, suite: Suite, mark: Mark) -> Value:
        request = self.direction is Direction.REQUEST
        path = rule.canonical.path if request else rule.legacy.path
        self.reader.heard = []
        found = self.unit.names.fresh("v")
        suite.add(f"{found} = {self.reader.path(self._side(), path.steps)}", mark)
        record.branches.append(BranchRecord("", rule.at, tuple(self.reader.heard)))
        calls = tuple(reversed(rule.converters)) if request else rule.converters
        default = rule.default if request else None
        branch = code = ""
        if self.unit.telling and any(call.name in CONVERTERS and CONVERTERS[call.name].table for call in calls):
            code = self.unit.names.fresh("t")
            suite.add(f"{code} = None")
        if calls:
            block = suite.block(f"if {found} is not A and {found} is not None", mark)
            for call in calls:
                function, table = self._converter(call)
                if table is not None:
                    record.table = table
                    if code:
                        block.add(f"{code} = {found}")
                block.add(f"{found} = {function}({found})", mark)
        if default is not None:
            branch = self.unit.names.fresh("b")
            suite.add(f"{branch} = 0")
            block = suite.block(f"if {found} is A or {found} is None", mark)
            record.branches.append(BranchRecord("default", default.at, self._computed(default, found, block, mark)))
            block.add(f"{branch} = 1")
        return Value(found, branch, code)

    def _converter(self, call: ConverterCall) -> tuple[str, CodeTable | None]:
        try:
            if CONVERTERS[call.name].table:
                return self._lookup(Text(str(call.arguments[0]), call.at))
            pair = bind_converter(call.name, call.arguments)
        except (KeyError, IndexError) as error:
            raise CheckFailed([Finding("M206", f"there is no converter '{call.name}' with these arguments", call.at)]) from error
        except ValueError as error:
            raise CheckFailed([Finding("M207", str(error), call.at)]) from error
        return self.unit.names.constant(pair.to_legacy if self.direction is Direction.REQUEST else pair.to_canonical, "p"), None

    def _lookup(self, name: Text) -> tuple[str, CodeTable]:
        table = self.unit.tables.get(name.value)
        if table is None:
            raise CheckFailed([Finding("M601", f"codes.yaml has no table '{name.value}'", name.at)])
        key = (name.value, self.direction)
        if key not in self.unit.lookups:
            function = self.unit.names.constant(lookup(table, self.direction, self.unit.on_miss), "t")
            self.unit.names.values[f"{function}_codes"] = table.codes(self.direction)  # most values are in it, and need no call
            self.unit.lookups[key] = function
        return self.unit.lookups[key], table

    def _one_way(self, rule: ValueRule, record: RuleRecord, suite: Suite, mark: Mark) -> Value:
        found, branch, code = self.unit.names.fresh("v"), "", ""
        several = len(rule.branches) > 1 or rule.branches[0].when is not None or rule.default is not None
        if several:
            branch = self.unit.names.fresh("b")
        self._branches(rule, record, suite, mark, found, branch)
        if rule.default is not None:
            block = suite.block(f"if {found} is A or {found} is None", mark)
            record.branches.append(BranchRecord("default", rule.default.at, self._computed(rule.default, found, block, mark)))
            block.add(f"{branch} = {len(rule.branches)}")
        if rule.table is not None:
            function, record.table = self._lookup(rule.table)
            if self.unit.telling:
                code = self.unit.names.fresh("t")
                suite.add(f"{code} = {found}")
            said = replace(mark, branch=branch)
            suite.add(f"if {found}.__class__ is str: {found} = {function}_codes.get({found}) or {function}({found})", said)
            suite.add(f"elif {found} is not A and {found} is not None: {found} = {function}({found})", said)
        return Value(found, branch, code)

    def _branches(self, rule: ValueRule, record: RuleRecord, suite: Suite, mark: Mark, found: str, branch: str) -> None:
        word = "if"
        for number, way in enumerate(rule.branches):
            asked: tuple[SourcePath, ...] = ()
            inner = suite
            if way.when is not None:
                self.reader.heard = []
                condition = self.expressions.condition(way.when.node)
                asked = tuple(self.reader.heard)
                inner = suite.block(f"{word} {condition}", replace(mark, sources=asked))
            elif word != "if":
                inner = suite.block("else", mark)
            word = "elif"
            read = self._computed(way.value, found, inner, mark)
            if branch:
                inner.add(f"{branch} = {number}")
            if way.note:
                self.notices = True
                inner.add(f"notices.append({way.note!r})")
            record.branches.append(BranchRecord(_label(rule, way, number), way.at, (*read, *asked)))
            if way.when is None:
                return
        rest = suite.block("else", mark)
        rest.add(f"{found} = A")
        rest.add(f"{branch} = 0")

    def _computed(self, expr: Expr, found: str, suite: Suite, mark: Mark) -> tuple[SourcePath, ...]:
        """Gives the variable ``found`` the value of an expression; gives what was read for it."""
        self.reader.heard = []
        text = self.expressions.value(expr.node)
        read = tuple(self.reader.heard)
        suite.add(f"{found} = {text}", replace(mark, sources=read))
        return read

    def _side(self) -> str:
        """The name of what two-way rules read."""
        return f"item{self.reader.depth - 1}" if self.reader.depth else self.source


def _required(child: Node) -> bool:
    return child.member is not None and child.member.required


def _place(child: ObjectNode | ListNode) -> Position:
    if isinstance(child, ObjectNode):
        assert child.at is not None  # only the root has none
        return child.at
    part = child.parts[0]
    if isinstance(part, RepeatNode):
        return part.repeat.rule.at
    assert part.at is not None
    return part.at


def _label(rule: ValueRule, way: Branch, number: int) -> str:
    if way.when is None:
        return "otherwise" if len(rule.branches) > 1 else ""
    return f"when {number + 1}" if len(rule.branches) > 1 else "when"


def _walking(source: SourcePath) -> SourcePath:
    return replace(source, text=source.text.removesuffix("[]"), walks=True)


def _around(sources: Iterable[SourcePath], depth: int) -> Iterator[SourcePath]:
    """Those that can be read outside of the lists below ``depth``."""
    return (source for source in sources if all(level < depth for level in source.levels))
