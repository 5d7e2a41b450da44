"""The numbers that a simulated backend gives: they count up, and those of a documented sample are given once.

Orders are in memory and gone with the process; who placed them may still know them. With a file the numbers outlive the process, so that
no other order gets one of them.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError


class _Given(BaseModel):
    """The last count of each kind, and the numbers that are given once."""

    model_config = ConfigDict(extra="forbid")

    counts: dict[str, NonNegativeInt] = Field(default_factory=dict)
    once: set[str] = Field(default_factory=set)


class Numbers:
    """In memory, until ``keep`` names a file."""

    def __init__(self) -> None:
        self._given = _Given()
        self._file: Path | None = None

    def keep(self, file: Path) -> None:
        """Goes on behind what the file has, and writes each number into it before it is given. Raises ValueError for another file, OSError
        for one that cannot be written."""
        if file.exists():
            try:
                self._given = _Given.model_validate_json(file.read_bytes())
            except ValidationError as error:
                raise ValueError(f"{file}: this is no file of a simulator's numbers; remove it, and they begin anew") from error
        self._file = file
        self._write()

    def next(self, kind: str = "") -> int:
        """1, 2, 3 …, of each kind."""
        count = self._given.counts[kind] = self._given.counts.get(kind, 0) + 1
        self._write()
        return count

    def first(self, number: str) -> bool:
        """Whether a number that is given once is still to be had; from now on it is not."""
        if number in self._given.once:
            return False
        self._given.once.add(number)
        self._write()
        return True

    def clear(self) -> None:
        """Everything may be given again."""
        self._given = _Given()
        self._write()

    def _write(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.write_text(self._given.model_dump_json(), encoding="utf-8")
        new.replace(self._file)  # at once: a killed process leaves the old file or the new one
