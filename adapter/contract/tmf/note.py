"""Remarks."""

from __future__ import annotations

from adapter.contract.tmf.model import DateTime, Extensible


class Note(Extensible):
    """A remark. Unlike in a product order, its text may be missing."""

    id: str | None = None
    author: str | None = None
    date: DateTime | None = None
    text: str | None = None
