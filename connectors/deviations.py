"""Where a message broke its contract and was read all the same."""

from __future__ import annotations

from collections.abc import Callable

from adapter.ports import Deviation

MOST_NOTES = 200  # a hostile message cannot fill the memory with notes
Note = Callable[[str, str, str, str], None]


class Notes:
    """Collects deviations, up to ``MOST_NOTES``."""

    def __init__(self) -> None:
        self.found: list[Deviation] = []

    def __call__(self, kind: str, path: str, name: str, text: str) -> None:
        """Notes a deviation at the member ``name`` of ``path``."""
        if len(self.found) < MOST_NOTES:
            self.found.append(Deviation(kind, f"{path}.{name}" if path and name else path or name, text))
