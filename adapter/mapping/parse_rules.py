"""The rules of a section: targets, expressions, branches, lists, two-way rules."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.contract.path import PathError, parse_path, path_hint
from adapter.finding import Finding, Position
from adapter.mapping.catalogue import finding
from adapter.mapping.expression import ExpressionError, parse_expression
from adapter.mapping.legacy_text import LegacyTextError, converter_calls, path_part
from adapter.mapping.model import (
    BothRule,
    Branch,
    ConverterCall,
    Direction,
    Expr,
    ListRule,
    PathText,
    Rule,
    Text,
    TwoWayList,
    TwoWayRule,
    ValueRule,
)
from adapter.yaml_text import Block, Entry, Items, Node, Scalar


@dataclass(frozen=True, slots=True)
class RuleReader:
    """Reads rules from loaded text; what cannot be read becomes a finding and is left out."""

    layers: dict[str, str]
    findings: list[Finding]

    def text(self, node: Node | None) -> Text | None:
        """A scalar as it stands."""
        return Text(node.value, node.at) if isinstance(node, Scalar) else None

    def expression(self, node: Node | None) -> Expr | None:
        """A scalar as an expression."""
        if not isinstance(node, Scalar) or not node.value.strip():
            return None
        try:
            return parse_expression(node.value, node.at, node.part)
        except ExpressionError as error:
            self.findings.extend(error.findings)
            return None

    def path(self, node: Node | None) -> PathText | None:
        """A scalar as a path."""
        return self.path_text(node, node.value) if isinstance(node, Scalar) and node.value.strip() else None

    def path_text(self, node: Scalar, text: str) -> PathText | None:
        """The first characters of a scalar as a path."""
        bare = text.strip()
        start = text.index(bare)
        try:
            return PathText(bare, parse_path(bare), node.part(start, len(bare)))
        except PathError as error:
            at = node.part(start + error.offset, 1)
            self.findings.append(finding("M117", f"'{bare}' is no path: {error.text}", at, path_hint(bare)))
            return None

    # -- one-way rules

    def rules(self, node: Node | None) -> tuple[Rule, ...]:
        """The rules of a block ``target: rule``."""
        return tuple(rule for entry, target in self.targets(node) if (rule := self.rule(entry, target)) is not None)

    def targets(self, node: Node | None) -> list[tuple[Entry, PathText]]:
        """The entries of a block with their keys as paths. Two spellings of one path are a finding."""
        found: list[tuple[Entry, PathText]] = []
        seen: dict[str, Position] = {}
        for entry in node if isinstance(node, Block) else ():
            target = self.path(entry.key)
            if target is None:
                continue
            spelling = str(target.path)
            if spelling in seen:
                text = f"'{target.text}' is the same place as on line {seen[spelling].line}"
                self.findings.append(finding("M103", text, target.at, "remove one of the two, or join them in one 'choose'"))
                continue
            seen[spelling] = target.at
            found.append((entry, target))
        return found

    def rule(self, entry: Entry, target: PathText) -> Rule | None:
        """One rule; None where it cannot be read."""
        value, layer = entry.value, self.layers[entry.key.at.file]
        if isinstance(value, Block) and (value.get("set") is not None or value.get("each") is not None):
            return self.list_rule(value, target, layer)
        if not self.walks(target, last=False):
            return None
        if isinstance(value, Scalar):
            expr = self.expression(value)
            return ValueRule(target, (Branch(None, expr, value.at),), target.at, layer) if expr else None
        if not isinstance(value, Block):
            return None
        branches = self.branches(value)
        table = self.text(value.get("table"))
        return ValueRule(target, branches, target.at, layer, self.expression(value.get("default")), table) if branches else None

    def list_rule(self, block: Block, target: PathText, layer: str) -> ListRule | None:
        """``target[]: {each, when, set}``."""
        rules = self.rules(block.get("set"))
        each = self.expression(block.get("each"))
        if not self.walks(target, last=True) or each is None:
            return None
        return ListRule(target, each, self.expression(block.get("when")), rules, target.at, layer)

    def branches(self, block: Block) -> tuple[Branch, ...]:
        """The branches of a value rule, the one without a condition last."""
        when, note = block.get("when"), block.get("note")
        said = note.value if isinstance(note, Scalar) else ""
        value = block.get("value")
        if value is not None:
            return self.branch(when, value, value.at, said)
        choose = block.get("choose")
        found: tuple[Branch, ...] = ()
        otherwise: Position | None = None
        for item in choose if isinstance(choose, Items) else ():
            if not isinstance(item, Block):
                continue
            if otherwise is not None:
                text = f"'otherwise' on line {otherwise.line} is always taken, so nothing gets here"
                self.findings.append(finding("M409", text, item.at, "put 'otherwise' last"))
                break
            own = item.get("note")
            last = item.entry("otherwise")
            if last is not None:
                otherwise = last.key.at
            found += self.branch(
                item.get("when"), last.value if last else item.get("value"), item.at, own.value if isinstance(own, Scalar) else said
            )
        if choose is not None and when is not None:
            at = block.entry("when")
            text = "'when' stands beside 'choose', whose branches have conditions of their own"
            self.findings.append(finding("M114", text, at.key.at if at else block.at, "move it into the branches"))
        return found

    def branch(self, when: Node | None, value: Node | None, at: Position, note: str) -> tuple[Branch, ...]:
        """One branch, or nothing where a part of it cannot be read."""
        condition, expr = self.expression(when), self.expression(value)
        if expr is None or (when is not None and condition is None):
            return ()
        return (Branch(condition, expr, at, note),)

    def walks(self, target: PathText, *, last: bool) -> bool:
        """Whether ``[]`` stands at the end of the target only, and there if and only if ``last``."""
        *before, end = target.path.steps
        wrong = next((step for step in before if step.each), None)
        if wrong is not None:
            at = _step_at(target, wrong.offset, wrong.length)
            self.findings.append(
                finding("M413", f"'{wrong}' cannot be walked inside of a target", at, f"write a list block '{wrong}:' with each and set")
            )
            return False
        if end.pick is not None:
            text = f"'{end}' is an element, and nothing says what of it is written"
            self.findings.append(finding("M413", text, target.at, f"add the member, as in {target.text}.text"))
            return False
        if end.each and not last:
            text = f"'{target.text}' is a list, so it needs a list block"
            self.findings.append(
                finding("M413", text, target.at, "write 'each: …' and 'set: …' below it, or leave out the [] to copy a whole list")
            )
        elif last and not end.each:
            self.findings.append(
                finding("M413", f"'{target.text}' has a list block, so it must end with []", target.at, f"write '{target.text}[]:'")
            )
        return end.each == last

    # -- two-way rules

    def two_way(self, node: Node | None) -> tuple[BothRule, ...]:
        """The rules of a ``both`` block."""
        return tuple(rule for entry, target in self.targets(node) if (rule := self.two_way_rule(entry, target)) is not None)

    def two_way_rule(self, entry: Entry, canonical: PathText) -> BothRule | None:
        """One two-way rule; None where it cannot be read."""
        value, layer = entry.value, self.layers[entry.key.at.file]
        only = Direction(entry.only) if entry.only else None
        if isinstance(value, Scalar):
            return self.two_way_value(value, canonical, None, layer, only)
        if not isinstance(value, Block):
            return None
        legacy = value.get("legacy")
        if any(value.get(name) is not None for name in ("both", "request", "reply", "report")):
            given = value.get("reply") if value.get("reply") is not None else value.get("report")
            inner = self.two_way(value.get("both")), self.rules(value.get("request")), self.rules(given)
            path = self.path(legacy)
            if path is None or not self.walks(canonical, last=True) or not self.walks(path, last=True):
                return None
            return TwoWayList(canonical, path, *inner, canonical.at, layer, only)
        default = self.expression(value.get("default"))
        return self.two_way_value(legacy, canonical, default, layer, only) if isinstance(legacy, Scalar) else None

    def two_way_value(
        self, text: Scalar, canonical: PathText, default: Expr | None, layer: str, only: Direction | None
    ) -> TwoWayRule | None:
        """``canonical: legacy path | converter …``."""
        front = path_part(text.value)
        if not front.strip():
            if text.value.strip():
                self.findings.append(finding("M117", "the legacy path is missing", text.at, "write path | converter"))
            return None
        legacy = self.path_text(text, front)
        try:
            calls = converter_calls(text.value, len(front))
        except LegacyTextError as error:
            hint = "behind the path stands '| name' or '| name(constant, …)'"
            self.findings.append(finding("M118", error.text, text.part(error.offset, 1), hint))
            return None
        if legacy is None or not self.walks(canonical, last=False) or not self.walks(legacy, last=False):
            return None
        converters = tuple(ConverterCall(call.name, call.arguments, text.part(call.offset, len(call.name))) for call in calls)
        return TwoWayRule(canonical, legacy, converters, canonical.at, layer, default, only)


def _step_at(target: PathText, offset: int, length: int) -> Position:
    return Position(target.at.file, target.at.line, target.at.column + offset, length)
