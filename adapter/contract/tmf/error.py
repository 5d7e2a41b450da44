"""The body of every answer that is no success."""

from __future__ import annotations

from adapter.contract.tmf.model import Extensible, Uri


class Error(Extensible):
    """What went wrong. ``code`` and ``status`` are text even where they look like numbers.

    ``reason`` may be shown to a user; ``message`` has the details and the remedy.
    """

    code: str
    reason: str
    message: str | None = None
    status: str | None = None
    reference_error: Uri | None = None
