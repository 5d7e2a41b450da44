"""Python text in the making: lines that know the rule they stand for, and blocks into which shared work is lifted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapter.finding import Position
from adapter.mapping.compile.record import RuleRecord, SourcePath


@dataclass(frozen=True, slots=True)
class Mark:
    """What a line of generated code is about: the rule's place, and the target path with ``[]`` for each list written.

    ``lists`` are the variables that hold these lists, so that their lengths tell which element was being made. ``sources`` is what
    the line reads, where that is not all that the rule reads; ``branch`` the variable that holds the number of the branch taken.
    """

    at: Position
    target: str = ""
    lists: tuple[str, ...] = ()
    record: RuleRecord | None = None
    sources: tuple[SourcePath, ...] | None = None
    branch: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of Python without its indentation."""

    text: str
    mark: Mark | None


class Suite:
    """The lines of one block. ``home`` is the nearest suite that lifted work is put into: a function's or a loop's."""

    def __init__(self, home: Suite | None = None, outer: Suite | None = None) -> None:
        self.items: list[Line | Suite] = []
        self.home = home or self
        self.outer = outer  # the home around this home
        self.known: dict[object, str] = {}  # what was lifted here already → variable
        self._lift_at = 0

    def add(self, text: str, mark: Mark | None = None) -> None:
        """Adds a line."""
        self.items.append(Line(text, mark))

    def block(self, head: str, mark: Mark | None = None) -> Suite:
        """Adds ``head:`` and gives the suite below it, which lifts into the same home."""
        self.add(head + ":", mark)
        suite = Suite(self.home)
        self.items.append(suite)
        return suite

    def loop(self, head: str, mark: Mark | None = None) -> Suite:
        """Adds ``head:`` and gives the suite below it, a home of its own."""
        self.add(head + ":", mark)
        suite = Suite(outer=self.home)
        self.items.append(suite)
        return suite

    def lift(self, text: str, mark: Mark | None = None) -> None:
        """Puts a line before everything that was not lifted, once a loop or a call."""
        self.items.insert(self._lift_at, Line(text, mark))
        self._lift_at += 1

    def fence(self) -> None:
        """From here on lifted lines come after what stands here now."""
        self._lift_at = len(self.items)


@dataclass(frozen=True, slots=True)
class Source:
    """Finished Python text; ``marks`` are those of its lines, the first of which is line 1."""

    text: str
    marks: tuple[Mark | None, ...]


def finish(suites: list[tuple[str, Suite]]) -> Source:
    """Joins functions, given as head and body, into one module."""
    lines: list[str] = []
    marks: list[Mark | None] = []
    for head, suite in suites:
        lines.append(head)
        marks.append(None)
        for depth, line in _flat(suite, 1):
            lines.append("    " * depth + line.text)
            marks.append(line.mark)
    return Source("\n".join(lines) + "\n", tuple(marks))


def _flat(suite: Suite, depth: int) -> Iterator[tuple[int, Line]]:
    if not suite.items:
        yield depth, Line("pass", None)
    for item in suite.items:
        if isinstance(item, Line):
            yield depth, item
        else:
            yield from _flat(item, depth + 1)
