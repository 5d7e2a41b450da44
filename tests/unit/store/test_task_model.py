"""Any life of orders and their tasks against a model of what must be true.

Two nodes claim, stall, come back late, acknowledge, advance and give up in any order, while leases run out, people redrive and cancel,
and orders are changed by others. The model is a dictionary of tasks and one of orders; the record must say what it says after each step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from adapter.store import Version, dead_letters
from adapter.store.advancing import Change, advance, advance_and_acknowledge
from adapter.store.listening import subscribe, unsubscribe
from adapter.store.outbox import Claimed, ListenerRow, NewEvent, claim_cursors, delivered, events_of, failed, park, release
from adapter.store.tasks import (
    Ack,
    Done,
    Later,
    NewTask,
    Park,
    Task,
    TaskQuery,
    acknowledge,
    cancel,
    claim,
    counts,
    extend,
    find,
    oldest_due,
    put,
    redrive,
)
from tests.record_kit import Memory, order_of, place

LEASE = 10
ORDERS = ("A", "B")
LANES = {"poll": "poll:north", "submit": "submit:north"}
IDS = tuple(f"{kind}:{order}" for kind in LANES for order in ORDERS)
NODES = st.sampled_from(["n1", "n2"])
DELAY = st.integers(-5, 30)


@dataclass
class Work:
    """What the model knows of a task. ``due`` None: parked. ``claim``: the claim that holds it, until it is told of."""

    due: int | None
    attempts: int = 0
    claim: int | None = None
    asked: int | None = None
    error: str = ""

    def ask(self, due: int) -> None:
        if self.claim is not None:
            self.asked = due if self.asked is None else min(self.asked, due)
        elif self.due is not None:
            self.due = min(self.due, due)

    def end(self, due: int | None, attempts: int, error: str) -> None:
        self.due, self.attempts, self.error = due, attempts, error
        self.claim = self.asked = None


@dataclass
class Claim:
    """One claim that a node believes to hold."""

    number: int
    task: Task


@dataclass
class Stream:
    """The events of one order that a listener has to get, and those it got. ``claim``: the one that holds it, until it is told of."""

    owed: list[str] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    claim: int | None = None
    parked: bool = False


@dataclass
class Sending:
    """One claim of a stream that a node believes to hold."""

    number: int
    claimed: Claimed


class TaskLife(RuleBasedStateMachine):
    @initialize()
    def open(self):
        self.c = Memory()
        self.now, self.number = 1000, 0
        self.work: dict[str, Work] = {}
        self.claims: list[Claim] = []
        self.fences: set[tuple[str, int]] = set()
        self.events: dict[str, list[str]] = {order: [] for order in ORDERS}
        self.before: dict[str, Version] = {}  # what each order was like before its last change
        self.streams: dict[str, dict[str, Stream]] = {}
        self.sending: list[Sending] = []
        for order in ORDERS:
            place(self.c, order, self.now)

    def teardown(self):
        if hasattr(self, "c"):
            self.c.close()

    def _next(self) -> int:
        self.number += 1
        return self.number

    # time, and work asked for

    @rule(step=st.integers(1, 15))
    def time_passes(self, step):
        self.now += step

    @rule(ids=st.lists(st.sampled_from(IDS), min_size=1, max_size=3), delay=DELAY)
    def work_is_asked_for(self, ids, delay):
        put(self.c, [self._new(task_id, delay) for task_id in ids], self.now)
        self._asked(ids, delay)

    def _new(self, task_id: str, delay: int) -> NewTask:
        kind, _, order = task_id.partition(":")
        return NewTask(task_id, LANES[kind], self.now + delay, order)

    def _asked(self, ids, delay):
        for task_id in ids:
            if task_id in self.work:
                self.work[task_id].ask(self.now + delay)
            else:
                self.work[task_id] = Work(self.now + delay)

    # claims

    @rule(node=NODES, kind=st.sampled_from(sorted(LANES)), count=st.integers(0, 3))
    def a_node_claims(self, node, kind, count):
        due = [(task.due, name) for name, task in self.work.items() if name.startswith(kind) and task.due is not None]
        expected = sorted(place for place in due if place[0] <= self.now)[:count]
        claimed = claim(self.c, LANES[kind], count, self.now, LEASE, node)
        assert [(task.due_at, task.id) for task in claimed] == expected, "the longest due first"
        for task in claimed:
            assert (task.id, task.fence) not in self.fences, "no two claims have the same fence, not even of a task made anew"
            self.fences.add((task.id, task.fence))
            held = self.work[task.id]
            held.due, held.attempts, held.claim, held.asked = self.now + LEASE, held.attempts + 1, self._next(), None
            assert (task.attempts, task.owner, task.last_error) == (held.attempts, node, held.error)
            self.claims.append(Claim(held.claim, task))

    def _owns(self, of: Claim) -> bool:
        return of.task.id in self.work and self.work[of.task.id].claim == of.number

    def _ack(self, data, of: Claim) -> Ack:
        name, fence = of.task.id, of.task.fence
        delay = data.draw(DELAY)
        later = st.builds(
            Later, st.just(name), st.just(fence), st.just(self.now + delay), st.sampled_from(["", "no answer"]), st.booleans()
        )
        return data.draw(st.one_of(st.just(Done(name, fence)), later, st.just(Park(name, fence, "why"))))

    def _ended(self, of: Claim, ack: Ack) -> None:
        task = self.work[ack.id]
        match ack:
            case Done() if task.asked is None:
                del self.work[ack.id]
            case Done():
                task.end(task.asked, 0, "")
            case Later():
                due = ack.due_at if task.asked is None else min(ack.due_at, task.asked)
                task.end(due, task.attempts if ack.keep_attempts else 0, ack.error)
            case Park():
                task.end(None, task.attempts, ack.reason)

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def claims_are_told_of_in_time_late_or_twice(self, data):
        chosen = data.draw(st.lists(st.sampled_from(self.claims), min_size=1, max_size=4))
        acks = [self._ack(data, of) for of in chosen]
        expected = []
        for of, ack in zip(chosen, acks, strict=True):
            expected.append(self._owns(of))
            if expected[-1]:
                self._ended(of, ack)
        assert acknowledge(self.c, acks) == expected

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), more=st.integers(1, 40))
    def a_node_asks_for_more_time(self, data, more):
        of = data.draw(st.sampled_from(self.claims))
        assert extend(self.c, of.task.id, of.task.fence, self.now + more) == self._owns(of)
        if self._owns(of):
            self.work[of.task.id].due = self.now + more

    # people

    @rule(task_id=st.sampled_from(IDS))
    def somebody_redrives(self, task_id):
        task = self.work.get(task_id)
        possible = task is not None and (task.claim is None or task.due <= self.now)
        assert redrive(self.c, task_id, self.now) == possible
        if possible:
            task.end(self.now, 0, task.error)

    @rule(task_id=st.sampled_from(IDS))
    def somebody_cancels(self, task_id):
        assert cancel(self.c, task_id) == (self.work.pop(task_id, None) is not None)

    # orders

    def _change(self, data, order: str) -> tuple[Change, bool]:
        """A change that was worked out now, or before the last one; and whether the order is still what it was worked out from."""
        current = order_of(self.c, order).version
        version = data.draw(st.sampled_from([current, self.before.get(order, current)]))
        answer = data.draw(st.sampled_from([None, b"{}", b'{"n":1}']))
        names = [f"{order}.{self._next()}" for _ in range(data.draw(st.integers(0, 2)))]
        events = tuple(NewEvent(name, "ProductOrderStateChangeEvent", name.encode()) for name in names)
        asked, gone = data.draw(st.lists(st.sampled_from(IDS), max_size=2)), tuple(data.draw(st.lists(st.sampled_from(IDS), max_size=1)))
        delay = data.draw(DELAY)
        tasks = tuple(self._new(task_id, delay) for task_id in asked)
        change = Change(order, version, "inProgress", self.now, answer=answer, events=events, tasks=tasks, cancels=gone)
        return change, version == current

    def _changed(self, change: Change) -> None:
        self.before[change.order_id] = change.version
        for task_id in change.cancels:
            self.work.pop(task_id, None)
        for new in change.tasks:
            self._asked([new.id], new.due_at - self.now)
        self.events[change.order_id] += [event.id for event in change.events]
        for streams in self.streams.values():
            if change.events:
                streams.setdefault(change.order_id, Stream()).owed += [event.id for event in change.events]

    @rule(data=st.data(), order=st.sampled_from(ORDERS))
    def an_order_changes(self, data, order):
        change, current = self._change(data, order)
        before = self.c.state()
        assert advance(self.c, change) == current
        if current:
            self._changed(change)
        else:
            assert self.c.state() == before

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), order=st.sampled_from(ORDERS))
    def a_claim_ends_with_a_change(self, data, order):
        of = data.draw(st.sampled_from(self.claims))
        change, current = self._change(data, order)
        ack = self._ack(data, of)
        before = self.c.state()
        won = self._owns(of) and current
        assert advance_and_acknowledge(self.c, change, ack) == won
        if won:
            self._ended(of, ack)
            self._changed(change)
        else:
            assert self.c.state() == before, "neither the change nor the end of the task"

    # listeners

    @precondition(lambda self: len(self.streams) < 3)
    @rule()
    def somebody_listens(self):
        name = f"L{self._next()}"
        subscribe(self.c, ListenerRow(name, "tmf", "shop", "north", f"https://{name}.example/", "", self.now))
        self.streams[name] = {}

    @precondition(lambda self: self.streams)
    @rule(data=st.data())
    def somebody_stops_listening(self, data):
        name = data.draw(st.sampled_from(sorted(self.streams)))
        assert unsubscribe(self.c, name, self.now)
        del self.streams[name]

    @precondition(lambda self: self.streams)
    @rule(data=st.data(), node=NODES)
    def a_node_begins_to_deliver(self, data, node):
        name = data.draw(st.sampled_from(sorted(self.streams)))
        for claimed in claim_cursors(self.c, name, 2, self.now, LEASE, node):
            number = self._next()
            self.streams[name][claimed.delivery.order_id].claim = number
            self.sending.append(Sending(number, claimed))

    @precondition(lambda self: self.sending)
    @rule(data=st.data(), result=st.sampled_from(["delivered", "failed", "released", "parked"]), delay=st.integers(0, 5))
    def a_delivery_ends_in_time_late_or_twice(self, data, result, delay):
        of = data.draw(st.sampled_from(self.sending))
        cursor, first = of.claimed.delivery, of.claimed.events[0]
        stream = self.streams.get(cursor.listener, {}).get(cursor.order_id, Stream(claim=of.number))
        ours = stream.claim == of.number
        match result:
            case "delivered":
                told = delivered(self.c, cursor, first.seq, self.now)
                stream.got += [first.id] if ours else []
            case "failed":
                told = failed(self.c, cursor, self.now + delay, "refused", 10**6, 0)
            case "released":
                told = release(self.c, cursor, self.now + delay)
            case _:
                told = park(self.c, cursor, self.now, "refused for good", 10**6, 0)
                stream.parked = stream.parked or ours
        if cursor.listener in self.streams:
            assert told == ours, "a claim is told of once, and by who holds it"
        if ours:
            stream.claim = None

    @precondition(lambda self: self.streams)
    @rule(data=st.data(), order=st.sampled_from(ORDERS))
    def somebody_has_a_stream_go_on(self, data, order):
        name = data.draw(st.sampled_from(sorted(self.streams)))
        stream = self.streams[name].get(order, Stream())
        possible = stream.claim is None and stream.owed != stream.got
        assert dead_letters.redrive(self.c, name, order, self.now) == possible
        if possible:
            stream.parked = False

    # what must be true

    @invariant()
    def the_tasks_are_those_of_the_model(self):
        found = {task.id: task for task in find(self.c, TaskQuery())}
        assert found.keys() == self.work.keys(), "none lost, none too many"
        for name, task in found.items():
            known = self.work[name]
            assert (task.due_at, task.attempts, task.last_error) == (known.due, known.attempts, known.error)
            assert bool(task.owner) == (known.claim is not None)

    @invariant()
    def a_fence_belongs_to_one_owner(self):
        owners = [of.task.id for of in self.claims if self._owns(of)]
        assert len(owners) == len(set(owners))

    @invariant()
    def the_figures_are_those_of_the_model(self):
        lanes = {lane: [task for name, task in self.work.items() if name.startswith(kind)] for kind, lane in LANES.items()}
        parked = {lane: sum(task.due is None for task in tasks) for lane, tasks in lanes.items() if tasks}
        assert counts(self.c) == {lane: (len(lanes[lane]) - number, number) for lane, number in parked.items()}
        late = {lane: [self.now - task.due for task in lanes[lane] if task.due is not None and task.due <= self.now] for lane in parked}
        assert oldest_due(self.c, self.now) == {lane: max(ages, default=0) for lane, ages in late.items()}

    @invariant()
    def events_are_numbered_without_a_gap(self):
        for order, names in self.events.items():
            events = events_of(self.c, order)
            assert [event.seq for event in events] == list(range(1, len(names) + 1))
            assert [event.id for event in events] == names
            assert order_of(self.c, order).event_seq == len(names)

    @invariant()
    def every_listener_is_owed_every_event_since_it_came(self):
        live = {
            (row[0], row[1]): row[2:]
            for row in self.c.look("SELECT listener, order_id, sent_seq, last_seq, due_at, parked_at, owner FROM delivery")
            if row[0] in self.streams
        }
        owed = {(name, order) for name, streams in self.streams.items() for order in streams}
        assert live.keys() == owed
        for (name, order), (sent, last, due_at, parked_at, owner) in live.items():
            stream = self.streams[name][order]
            assert last == len(self.events[order])
            assert stream.got == stream.owed[: len(stream.got)], "in their order, each once on record"
            assert last - sent == len(stream.owed) - len(stream.got)
            assert (due_at is None) == (sent == last or stream.parked), "nothing waits without being due, nothing is due without a reason"
            assert ((parked_at is not None), bool(owner)) == (stream.parked, stream.claim is not None)


TaskLife.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestTaskLife = TaskLife.TestCase
