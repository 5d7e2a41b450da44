"""What is known of each rule of a compiled function: the columns of an explanation and the points that cases must cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from adapter.contract.path import Step
from adapter.finding import Position
from adapter.mapping.model import Direction
from adapter.mapping.tables import CodeTable


@dataclass(frozen=True, slots=True)
class SourcePath:
    """Where a value comes from, for explanations: ``request.productOrderItem[].id``; ``[]`` of each walked list around
    it is filled with the index of its element. ``steps`` behind ``root`` tell what is read; ``walks``: its elements only.
    ``levels`` says for each ``[]`` of a walked list which of the lists around it is, 0 being the outermost."""

    text: str
    root: str
    steps: tuple[Step, ...] = ()
    walks: bool = False
    levels: tuple[int, ...] = ()

    def at(self, read: Sequence[int]) -> str:
        """The text for the elements of the walked lists that have these numbers."""
        return fill(self.text, [read[level] for level in self.levels])


def fill(target: str, indices: Sequence[int]) -> str:
    """``order.line[].attribute[]`` with (2, 0) is ``order.line[2].attribute[0]``."""
    parts = target.split("[]")
    filled = parts[0]
    for number, part in enumerate(parts[1:]):
        filled += (f"[{indices[number]}]" if number < len(indices) else "[]") + part
    return filled


@dataclass(frozen=True, slots=True)
class BranchRecord:
    """One way in which a rule gives a value. ``label`` is "" where there is only one."""

    label: str
    at: Position
    sources: tuple[SourcePath, ...]


@dataclass(slots=True)
class RuleRecord:
    """One rule in one direction. ``target`` has ``[]`` for each list written; ``section`` is that of the file;
    ``table`` is the code table that its value goes through, if any."""

    section: str
    target: str
    at: Position
    layer: str
    branches: list[BranchRecord] = field(default_factory=list)
    table: CodeTable | None = None
    direction: Direction = Direction.REQUEST
    is_list: bool = False


# sections whose rules write nothing
JUDGING: Final = ("require", "refuse", "outcome", "identity")

# what the second form of a function tells of each value it writes: number of the rule, value, indices of the lists written,
# indices of the elements read, number of the branch, the code as it was looked up in the table (None: there is no table)
Told = tuple[int, object, tuple[int, ...], tuple[int, ...], int, object]
