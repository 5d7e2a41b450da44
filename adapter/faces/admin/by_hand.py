"""Who does something by hand: every such act is a row of the audit, in the transaction of the act itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from adapter.store.auditing import AuditRow


@dataclass(frozen=True, slots=True)
class Hand:
    """One act of one person. ``name`` keeps the id of the act the same where its transaction runs twice."""

    actor: str
    name: str = field(default_factory=lambda: uuid.uuid4().hex)

    def row(self, at: int, action: str, order_id: str = "", detail: str = "") -> AuditRow:
        """The row of the audit. ``detail`` also tells rows of the same act apart."""
        return AuditRow(
            f"{self.name}:{uuid.uuid5(uuid.NAMESPACE_OID, action + order_id + detail).hex[:8]}", at, self.actor, action, order_id, detail
        )
