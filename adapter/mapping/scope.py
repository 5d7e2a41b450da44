"""Everything a mapping may read while it runs. Clock and ids are put in here, so that a run can be repeated exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from adapter.frozen import frozen
from adapter.ports import Document


@frozen
class Scope:
    """One message on its way. Documents are read, never changed, but parts of them may be shared with what is written.

    Of a call: ``request`` is the canonical order as checked by the face; ``reply`` the legacy answer (reply direction, outcome, view);
    ``stored`` the order as recorded, ``{"request": …, "answer": …}``; ``now`` is ISO 8601 in UTC with milliseconds and Z;
    ``asked`` is of a question about many orders only: ``{"orders": [{"id": the backend's own, "request": …, "answer": …}, …]}``;
    ``warnings`` the texts of an accepted outcome. ``header``, ``query`` and ``path`` hold declared names only.

    Of a message that the backend sent: ``message`` is its legacy document; for the answer ``report`` is the canonical document that was
    made of it, as it was taken over (None where there is none), and ``outcome`` ``{"kind": accepted | unknown | refused,
    "text": why, or ""}``.

    ``known`` is the canonical document on record that a change, a task (then its subject) or a message is about; None where there is none.
    """

    request: Document = field(default_factory=dict)
    reply: Document | None = None
    header: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    setting: Mapping[str, Any] = field(default_factory=dict)
    correlation_id: str = ""
    client_reference: str = ""
    now: str = ""
    uid: str = ""
    stored: Document | None = None
    asked: Document | None = None
    known: Document | None = None
    message: Document | None = None
    report: Document | None = None
    outcome: Document | None = None
    warnings: tuple[str, ...] = ()

    def answered(self, reply: Document, warnings: tuple[str, ...] = ()) -> Scope:
        """The same with what the backend answered; ``replace`` would look each field up, and every order asks twice."""
        return Scope(
            self.request,
            reply,
            self.header,
            self.query,
            self.path,
            self.setting,
            self.correlation_id,
            self.client_reference,
            self.now,
            self.uid,
            self.stored,
            self.asked,
            self.known,
            self.message,
            self.report,
            self.outcome,
            warnings,
        )
