"""Deeds of people are kept with what they did."""

from __future__ import annotations

from adapter.store.auditing import AuditRow, find, write
from tests.record_kit import record


def test_the_deeds_on_an_order_are_told_in_their_order(engine):
    rows = [
        AuditRow("a2", 20, "ann@console", "order.settle", "A", "as absent: the backend's desk says so"),
        AuditRow("a1", 10, "ann@console", "task.redrive", "A"),
        AuditRow("a3", 15, "bob", "listener.resume"),
    ]
    with record(engine) as c:
        for row in rows:
            write(c, row)
        write(c, AuditRow("a1", 99, "eve", "order.settle", "A", "the same id again"))
        assert find(c, "A") == [rows[1], rows[0]]
        assert find(c, "B") == []
        assert c.count("audit") == [3]
