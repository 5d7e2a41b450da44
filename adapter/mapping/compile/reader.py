"""Python for reading documents: each path is followed once a call or once an element, picks from one list share an index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from jinja2 import nodes

from adapter.contract.path import Step
from adapter.errors import CheckFailed
from adapter.finding import Finding
from adapter.mapping.compile.code import Mark, Suite
from adapter.mapping.compile.record import SourcePath
from adapter.mapping.expression import codes
from adapter.mapping.expression.access import Access, read_access
from adapter.mapping.expression.parse import position

_ROOTS: Final = {
    "request": "scope.request",
    "reply": "scope.reply if scope.reply is not None else A",
    "stored": "scope.stored if scope.stored is not None else A",
    "asked": "scope.asked if scope.asked is not None else A",
    "known": "scope.known if scope.known is not None else A",
    "message": "scope.message if scope.message is not None else A",
    "report": "scope.report if scope.report is not None else A",
    "outcome": "scope.outcome if scope.outcome is not None else A",
    "answer": "answer",
    "warnings": "list(scope.warnings)",
    "header": "scope.header",
    "query": "scope.query",
    "path": "scope.path",
    "setting": "scope.setting",
    "correlationId": "scope.correlation_id",
    "clientReference": "scope.client_reference",
    "now": "scope.now",
    "uid": "scope.uid",
}
_INDEX_FROM: Final = 3  # so many picks from one list are worth an index
_HOLD_FROM: Final = 2  # so many members of one object are worth a look at what it is
_OBJECTS: Final = {("request",), ("reply",), ("answer",), ("message",)}  # roots that are objects for certain
Use = tuple[object, ...]


@dataclass(slots=True)
class Names:
    """Fresh variable names, and the values that generated code refers to by global name."""

    values: dict[str, object] = field(default_factory=dict)
    count: int = 0

    def fresh(self, prefix: str) -> str:
        """A name that is not in use yet."""
        self.count += 1
        return f"{prefix}{self.count}"

    def constant(self, value: object, prefix: str) -> str:
        """The global name of a value."""
        name = self.fresh(prefix)
        self.values[name] = value
        return name


@dataclass(slots=True)
class Reading:
    """One list being walked: where its elements come from, and the suite of the loop."""

    source: SourcePath
    suite: Suite


class Reader:
    """Generates the reading of one function. ``uses`` counts, of an earlier run of the same generator, the picks from each list, the
    members read of each object, and how often something is gathered from the elements of a list."""

    def __init__(self, names: Names, function: Suite, helpers: list[tuple[str, Suite]], uses: Counter[Use]) -> None:
        self.names, self.function, self.helpers = names, function, helpers
        self.uses, self.counted = uses, Counter[Use]()
        self.walked: list[Reading] = []
        self.mark: Mark | None = None
        self.heard: list[SourcePath] = []  # sources read since the list was last emptied

    @property
    def depth(self) -> int:
        """The number of walked lists around the present place."""
        return len(self.walked)

    def access(self, node: nodes.Expr, compute: Callable[[nodes.Expr], str], needle: str = "") -> str:
        """A Python expression for a name with its members; with ``needle``, for whether that is in it. Raises CheckFailed for what a
        checked file does not have."""
        access = read_access(node, self.depth)
        if not isinstance(access, Access):
            raise CheckFailed(access)
        if access.base is not None:
            found = f"reach({compute(access.base)}, {self.names.constant(access.steps, 'k')})"
        elif access.root == "absent":
            found = "A"
        elif access.root.startswith("index"):
            found = f"i{access.root[5:]}"
        elif access.root not in _ROOTS and not access.root.startswith("item"):
            raise CheckFailed([Finding(codes.UNDEFINED_NAME, f"'{access.root}' is not defined here", position(node))])
        elif access.key is not None:
            found = self.key(access.root, access.key)
        else:
            return self.path(access.root, access.steps, needle)
        return _sought(needle, found)

    def key(self, store: str, key: str) -> str:
        """A Python expression for one entry of header, query, path or setting."""
        self.heard.append(SourcePath(f"{store} {key}", store))
        return self._lifted(self.function, (store, key), f"{self._root(store)}.get({key!r}, A)")

    def path(self, root: str, steps: tuple[Step, ...], needle: str = "") -> str:
        """A Python expression for a path behind ``root``: a document's name or ``item<n>``; with ``needle``, for whether that is in it."""
        self.heard.append(self.source(root, steps))
        if not root.startswith("item"):
            return self._follow(self.function, (root,), self._root(root), steps, needle)
        around = self.walked[int(root[4:])]
        return self._follow(around.suite, (root, around.source.text), f"x{root[4:]}", steps, needle)

    def source(self, root: str, steps: tuple[Step, ...], walks: bool = False) -> SourcePath:
        """The path as an explanation shows it; an element of a walked list is named by the list's own path."""
        if not root.startswith("item"):
            return SourcePath(".".join([root, *map(str, steps)]), root, steps, walks)
        level = int(root[4:])
        around = self.walked[level].source
        inner = (*around.steps[:-1], Step(around.steps[-1].name, each=True), *steps) if around.steps else steps
        return SourcePath(".".join([f"{around.text}[]", *map(str, steps)]), around.root, inner, walks, (*around.levels, level))

    def enter(self, source: SourcePath, suite: Suite) -> None:
        """Starts reading the elements of a list inside the loop ``suite``; they are ``x<depth>``, counted by ``i<depth>``."""
        self.walked.append(Reading(source, suite))

    def leave(self) -> None:
        """Ends it."""
        self.walked.pop()

    def _root(self, name: str) -> str:
        return self._lifted(self.function, ("root", name), _ROOTS[name])

    def _lifted(self, home: Suite, key: object, text: str) -> str:
        if key not in home.known:
            variable = home.known[key] = self.names.fresh("r")
            home.lift(f"{variable} = {text}", self.mark)
        return home.known[key]

    def _follow(self, home: Suite, key: Use, start: str, steps: tuple[Step, ...], needle: str) -> str:
        found = start
        for number, step in enumerate(steps):
            listed = (*key, step.name)
            found = self._member(home, key, found, step.name)
            if step.each and number < len(steps) - 1:
                return self._gathered(home, (*key, *map(str, steps[number:])), found, steps[number + 1 :], needle)
            if step.pick is not None:
                found = self._picked(home, listed, found, step)
            key = (*key, str(step)) if step.pick is not None else listed
        return _sought(needle, found)

    def _member(self, home: Suite, key: Use, found: str, name: str) -> str:
        """The variable of a member of the object ``found``, which is read at ``key``."""
        if (*key, name) in home.known:
            return home.known[*key, name]
        members: Use = ("members of", *key)
        self.counted[members] += 1
        if key not in _OBJECTS:
            if self.uses[members] < _HOLD_FROM:
                return self._lifted(home, (*key, name), _read(found, name))
            found = self._lifted(home, members, f"{found} if {found}.__class__ is dict else holder({found}, {name!r})")
        return self._lifted(home, (*key, name), f"{found}.get({name!r}, A)")

    def _gathered(self, home: Suite, whole: Use, found: str, steps: tuple[Step, ...], needle: str) -> str:
        """What is at ``steps`` behind the elements of the list ``found``. Where it is asked once, for one needle, the first value that
        equals it ends the search; else the values are listed for all who ask."""
        self.counted[whole] += 1
        once = home is (self.walked[-1].suite if self.walked else self.function)
        if needle and once and self.uses[whole] == 1:
            return f"{self._many(steps, sought=True)}({found}, {needle})"
        if whole not in home.known:
            self._lifted(home, whole, f"{self._many(steps)}({found})")
        return _sought(needle, home.known[whole])

    def _picked(self, home: Suite, listed: Use, found: str, step: Step) -> str:
        assert step.pick is not None
        pick = step.pick
        group: Use = (*listed, pick.key, pick.fold)
        self.counted[group] += (*listed, str(step)) not in home.known
        wanted = pick.value.lower() if pick.fold else pick.value
        tail = "_fold" if pick.fold else ""
        if self.uses[group] >= _INDEX_FROM:
            index = self._lifted(home, ("index", *group), f"index_by{tail}({found}, {pick.key!r})")
            return self._lifted(home, (*listed, str(step)), f"{index}.get({wanted!r}, A)")
        return self._lifted(home, (*listed, str(step)), f"pick{tail}({found}, {pick.key!r}, {wanted!r})")

    def _many(self, steps: tuple[Step, ...], *, sought: bool = False) -> str:
        """The name of a function that gives the values present at ``steps`` behind the elements of a list, or whether one of them is
        ``sought``."""
        name = self.names.fresh("any" if sought else "many")
        body = Suite()
        if not sought:
            body.add("if values is A or values is None:", self.mark)
            body.items.append(_one("return A"))
            body.add("found = []", self.mark)
        self._gather(body, "values", steps, 0, sought=sought)
        body.add("return False" if sought else "return found", self.mark)
        self.helpers.append((f"def {name}(values{', sought' if sought else ''}):", body))
        return name

    def _gather(self, suite: Suite, values: str, steps: tuple[Step, ...], level: int, *, sought: bool) -> None:
        inner = suite.loop(f"for e{level} in elements({values})", self.mark)
        value = f"e{level}"
        for number, step in enumerate(steps):
            inner.add(f"v{level} = {_read(value, step.name)}", self.mark)
            value = f"v{level}"
            if step.each and number < len(steps) - 1:
                self._gather(inner, value, steps[number + 1 :], level + 1, sought=sought)
                return
            if step.pick is not None:
                tail = "_fold" if step.pick.fold else ""
                wanted = step.pick.value.lower() if step.pick.fold else step.pick.value
                inner.add(f"v{level} = pick{tail}({value}, {step.pick.key!r}, {wanted!r})", self.mark)
        last = steps[-1]
        if sought:
            inner.add(f"if {f'sought in elements({value})' if last.each else f'{value} == sought'}: return True", self.mark)
        elif last.each:
            inner.add(f"found.extend(elements({value}))", self.mark)
        else:
            inner.add(f"if {value} is not A: found.append({value})", self.mark)


def _sought(needle: str, found: str) -> str:
    return f"contains({needle}, {found})" if needle else found


def _read(found: str, name: str) -> str:
    return f"{found}.get({name!r}, A) if {found}.__class__ is dict else member({found}, {name!r})"


def _one(text: str) -> Suite:
    suite = Suite()
    suite.add(text)
    return suite
