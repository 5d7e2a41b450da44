"""Any sequence of accept and settle against a model of what must be true.

The model is the rule of the idempotent receiver in a few lines: at most one attempt of an order may be unsettled, a further one
begins only after the last one certainly did nothing, and the first final answer is the answer for good.
"""

from __future__ import annotations

import itertools
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from adapter.ports import OutcomeKind
from adapter.store import Acceptance, Direction, Doubtful, Fresh, InFlight, MessageRow, Mismatch, Response, Seen, Settlement
from adapter.store.accepting import Asker, Key, accept, intend, lookup
from adapter.store.connection import SqliteConnection
from adapter.store.migrating import migrate
from adapter.store.reading import find_attempts, find_messages, unsettled
from adapter.store.settling import pack_settlement, settle

KEYS = st.sampled_from(["k1", "k2", "k3"])
NOT_DONE = (OutcomeKind.UNAVAILABLE, OutcomeKind.ABSENT)
PATIENCE = 10


@dataclass
class Order:
    """What the model knows of an order: one entry for each attempt."""

    id: str
    key: str
    fingerprint: str
    external: str
    outcomes: list[OutcomeKind | None] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    deadlines: list[int] = field(default_factory=list)
    response: Response | None = None
    messages: int = 0

    @property
    def pending(self) -> bool:
        return self.outcomes[-1] in (None, OutcomeKind.IN_DOUBT)

    def begin(self, node: str, now: int) -> None:
        self.outcomes.append(None)
        self.nodes.append(node)
        self.deadlines.append(now + PATIENCE)


class OrderLife(RuleBasedStateMachine):
    @initialize()
    def open(self):
        self.driver = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.driver, Path("unused"))
        self.c = SqliteConnection(self.driver)
        self.now, self.node = 1000, "n1"
        self.ids = map("id{:024}".format, itertools.count())
        self.by_key: dict[str, Order] = {}

    def teardown(self):
        self.driver.close()

    @rule(step=st.integers(1, 15))
    def time_passes(self, step):
        self.now += step

    @rule()
    def the_process_restarts(self):
        self.node = f"n{int(self.node[1:]) + 1}"

    def _told(self, order: Order, other: bool) -> tuple[type, str, bool]:
        alive = order.outcomes[-1] is None and order.nodes[-1] == self.node and self.now < order.deadlines[-1]
        return (InFlight if alive else Doubtful), order.id, other

    def _expected(self, key: str, fingerprint: str, external: str) -> tuple[type, str, bool] | None:
        """What a request must be told; None where it must begin an attempt."""
        known = self.by_key.get(key)
        if known is not None:
            if known.fingerprint != fingerprint:
                return Mismatch, known.id, False
            if known.response is not None:
                return Seen, known.id, False
            if known.pending:
                return self._told(known, False)
        twins = [
            order for order in self.by_key.values() if order is not known and external and order.external == external and order.pending
        ]
        if twins:
            return self._told(min(twins, key=lambda order: order.id), True)
        taken = self._taken_on(known, fingerprint, external)
        return (Seen, taken.id, False) if taken is not None else None

    def _taken_on(self, known: Order | None, fingerprint: str, external: str) -> Order | None:
        """The order with the same number and content that the backend took on."""
        alike = [order for order in self.by_key.values() if order is not known and external and order.external == external]
        alike = [order for order in alike if order.fingerprint == fingerprint and order.outcomes[-1] is OutcomeKind.ACCEPTED]
        return min(alike, key=lambda order: order.id, default=None)

    @rule(key=KEYS, fingerprint=st.sampled_from(["f", "f", "f", "g"]), external=st.sampled_from(["", "E-1"]))
    def a_request_comes(self, key, fingerprint, external):
        if key in self.by_key:
            external = self.by_key[key].external
        expected = self._expected(key, fingerprint, external)
        message = (MessageRow(Direction.CLIENT_REQUEST, "op", b"request", self.now),)
        request = Acceptance("s", key, fingerprint, "m", "op", "c", "f", "cid", b"{}", self.now + PATIENCE, external, messages=message)
        told = accept(self.c, intend(request, next(self.ids), Asker(self.node, self.now)))
        if expected is None:
            assert isinstance(told, Fresh)
            order = self.by_key.setdefault(key, Order(told.order_id, key, fingerprint, external))
            order.begin(self.node, self.now)
            order.messages += 1
            assert (told.order_id, told.attempt) == (order.id, len(order.outcomes))
            return
        kind, order_id, other = expected
        assert type(told) is kind
        assert (told.order.id if isinstance(told, Doubtful) else told.order_id) == order_id
        assert getattr(told, "other", False) is other
        if isinstance(told, Seen):
            order = next(order for order in self.by_key.values() if order.id == order_id)
            assert told.response == order.response
            self.by_key.setdefault(key, order)  # its answer now stands under this key too

    @precondition(lambda self: self.by_key)
    @rule(data=st.data(), outcome=st.sampled_from(OutcomeKind))
    def somebody_settles_an_attempt(self, data, outcome):
        order = data.draw(st.sampled_from(list(self.by_key.values())))
        number = data.draw(st.integers(1, len(order.outcomes) + 1))
        response = Response(200, f"{order.id}/{number}/{self.now}".encode())
        said = Settlement(outcome, self.now, response=response, messages=(MessageRow(Direction.BACKEND_REPLY, "op", b"reply", self.now),))
        won = settle(self.c, *pack_settlement(order.id, number, said))
        exists = number <= len(order.outcomes)
        assert won is (exists and order.outcomes[number - 1] in (None, OutcomeKind.IN_DOUBT))
        order.messages += exists
        if won:
            order.outcomes[number - 1] = outcome
            if outcome in (OutcomeKind.ACCEPTED, OutcomeKind.REJECTED):
                order.response = response

    @invariant()
    def the_record_is_what_the_model_says(self):
        for order in self.by_key.values():
            attempts = find_attempts(self.c, order.id)
            assert [attempt.outcome for attempt in attempts] == order.outcomes
            assert [attempt.node for attempt in attempts] == order.nodes
            assert all(outcome in NOT_DONE for outcome in order.outcomes[:-1]), "a further attempt only after one without effect"
            assert len(find_messages(self.c, order.id)) == order.messages
            looked = lookup(self.c, Key("s", order.key, order.fingerprint), Asker(self.node, self.now))
            assert (looked is None) == (order.outcomes[-1] in NOT_DONE)
        after_restart = unsettled(self.c, self.now + 1, "another", self.now, 100)
        assert {row.id for row, _ in after_restart} == {order.id for order in self.by_key.values() if order.pending}


OrderLife.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestOrderLife = OrderLife.TestCase
