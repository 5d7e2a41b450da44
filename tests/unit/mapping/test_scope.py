"""A scope with its reply is the same scope, whatever is in it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from adapter.mapping.scope import Scope


def test_what_the_backend_answered_is_all_that_is_added() -> None:
    everything: dict[str, Any] = {each.name: {each.name: "x"} for each in fields(Scope)}
    scope = Scope(**everything)
    reply = {"orderNumber": "1"}
    assert scope.answered(reply) == replace(scope, reply=reply, warnings=())
    assert scope.answered(reply, ("late",)) == replace(scope, reply=reply, warnings=("late",))
    assert scope == Scope(**everything)
