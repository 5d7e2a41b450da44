"""Task resources: how they get on, and what becomes of them when the order they are about moves."""

from __future__ import annotations

import pytest

from adapter.resource import SUBJECT, Resource

CANCEL, RESPOND, RESCHEDULE = (Resource.load(name) for name in ("cancelProductOrder", "respondProviderChange", "rescheduleProductOrder"))


def test_an_order_is_about_nothing_else():
    assert Resource.load("productOrder").subject is None


@pytest.mark.parametrize("task", [CANCEL, RESPOND, RESCHEDULE])
def test_a_task_names_its_order(task):
    assert task.subject.resource == "productOrder"
    assert task.subject.named_in({"productOrder": {"id": 4711}}) == "4711"
    assert task.subject.named_in({"productOrder": "4711"}) is None
    assert task.subject.named_in({}) is None


@pytest.mark.parametrize(
    ("state", "way"),
    [
        ("done", ("inProgress", SUBJECT, "done")),  # R105, R106, R107
        ("inProgress", ("inProgress", SUBJECT)),
        ("rejected", ("rejected", SUBJECT)),
        ("terminatedWithError", ("terminatedWithError", SUBJECT)),
    ],
)
def test_the_way_to_the_state_that_the_backend_reports(state, way):
    assert RESPOND.subject.after(state) == way


@pytest.mark.parametrize(
    ("task", "before", "after", "concluded"),
    [
        (CANCEL, "pendingCancellation", "cancelled", "done"),
        (CANCEL, "inProgress", "assessingCancellation", None),
        (CANCEL, "assessingCancellation", "pendingCancellation", "inProgress"),
        (CANCEL, "assessingCancellation", "inProgress", "done"),
        (CANCEL, "inProgress", "completed", "done"),
        (CANCEL, "acknowledged", "inProgress", None),
        (RESPOND, "pending", "inProgress", "done"),
        (RESPOND, "pending", "rejected", "done"),
        (RESPOND, "acknowledged", "pending", None),
        (RESCHEDULE, "pending", "inProgress", "done"),
        (RESCHEDULE, "inProgress", "held", None),
    ],
)
def test_what_becomes_of_open_tasks_when_their_order_moves(task, before, after, concluded):
    assert task.subject.concludes(before, after) == concluded
