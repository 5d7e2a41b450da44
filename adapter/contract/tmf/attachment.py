"""Documents and pictures that belong to something else."""

from __future__ import annotations

from adapter.contract.tmf.model import Referring
from adapter.contract.tmf.price import Quantity, TimePeriod


class AttachmentRefOrValue(Referring):
    """A document: where it lies, or itself in ``content``."""

    id: str | None = None
    href: str | None = None
    name: str | None = None
    description: str | None = None
    attachment_type: str | None = None
    mime_type: str | None = None
    content: str | None = None
    url: str | None = None
    size: Quantity | None = None
    valid_for: TimePeriod | None = None
