"""Takes secrets and declared personal data out of messages before they are recorded or logged."""

from __future__ import annotations

from adapter.redaction.documents import MASK
from adapter.redaction.message import Redaction

__all__ = ["MASK", "Redaction"]
