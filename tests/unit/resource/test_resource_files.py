"""``adapter/resource/*.yaml``: what a resource's file may say, and that ours say what the standard's models say."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from adapter.contract.tmf import resource, resource_names
from adapter.declared import load_declared
from adapter.errors import CheckFailed, ConfigError
from adapter.resource import Resource, machine
from adapter.resource.declaration import Life

LEAST = """\
resource: task
initial: new
states: {new: {}, busy: {}, done: {end: true}}
edges: {new: [busy, done], busy: [done]}
identity: id
events: {create: TaskCreateEvent, state: TaskStateChangeEvent}
"""


def reading(folder: Path, text: str) -> Life:
    (folder / "task.yaml").write_text(text, encoding="utf-8")
    return load_declared(folder / "task.yaml", Life, {})


READ_ONLY = {"GeographicAddress", "GeographicSubAddress"}  # without a life: nobody makes or changes them here
LIVING = [f"{name[0].lower()}{name[1:]}" for name in resource_names() if name not in READ_ONLY]
FREE_TEXT = {"serviceTest", "serviceTestSpecification"}  # the standard recommends states, and enumerates none


@pytest.mark.parametrize("name", LIVING)
def test_every_resource_of_the_standard_has_its_states(name):
    machine_of, shape = Resource.load(name), resource(name).full
    assert machine_of.name == name
    listed = set(shape.members[machine_of.member].shape.enum)
    assert listed == (set() if name in FREE_TEXT else machine_of.states)
    assert machine_of.initial in machine_of.open_states
    if machine_of.life.items is not None:
        item = shape.members[machine_of.life.items.member].shape
        assert machine_of.states - machine_of.life.items.without == set(item.members["state"].shape.enum)


@pytest.mark.parametrize("name", LIVING)
def test_members_that_a_file_names_are_members_of_the_resource(name):
    life, of = Resource.load(name).life, resource(name)
    members = of.full.members.keys()
    history = {life.history.member, *life.history.elements.values()} if life.history else set()
    dates = {*life.dates.changed, *life.dates.state, *life.dates.states.values()}
    assert {life.member, life.identity, *life.fixed, *dates, *history} <= members
    assert life.patch.never | life.patch.owned <= members
    for allowed in life.patch.states.values():
        assert allowed <= members - life.patch.never - life.patch.owned
    if of.update is None:
        assert not life.patch.never
    if life.history is not None:
        entry = of.full.members[life.history.member].shape
        assert life.history.elements.keys() <= entry.members.keys()
    if life.subject is not None:
        assert life.subject.member.split(".")[0] in of.create.members
        assert life.subject.concluded.keys() | life.subject.left.keys() <= Resource.load(life.subject.resource).states


# A specification may be recorded at any point of its life, so its first state is not the only one to begin in.
ONE_BEGINNING = [name for name in LIVING if name != "serviceTestSpecification"]


@pytest.mark.parametrize("name", ONE_BEGINNING)
def test_every_end_is_reached_and_every_open_state_has_a_way_on(name):
    machine_of = Resource.load(name)
    edges = machine_of.life.edges
    assert edges.keys() == machine_of.open_states
    reached, ahead = {machine_of.initial}, [machine_of.initial]
    while ahead:
        fresh = set(edges.get(ahead.pop(), ())) - reached
        reached |= fresh
        ahead += fresh
    assert reached == machine_of.states
    for state in machine_of.states:
        assert machine_of.ended(state) is (state not in edges)
    assert not machine_of.ended("no such state")


def test_every_combination_of_items_has_a_state_and_ends_exactly_when_nothing_is_open():
    orders = Resource.load("productOrder")
    assert orders.life.items is not None
    kinds = sorted(orders.states - orders.life.items.without)
    for count in (1, 2, 3, 4):
        for states in itertools.combinations(kinds, count):
            rolled = orders.rolled_up({"productOrderItem": [{"id": str(n), "state": state} for n, state in enumerate(states)]})
            assert orders.ended(rolled) is all(orders.ended(state) for state in states), (states, rolled)


def test_an_unknown_resource_is_named():
    with pytest.raises(
        ConfigError, match=r"no resource 'productOrders'; did you mean 'productOrder'\? \(known: appointment, .*, troubleTicket\)"
    ):
        Resource.load("productOrders")


def test_the_file_has_the_name_of_its_resource(tmp_path, monkeypatch):
    reading(tmp_path, LEAST).model_dump()
    (tmp_path / "job.yaml").write_text(LEAST, encoding="utf-8")
    monkeypatch.setattr(machine, "FOLDER", tmp_path)
    with pytest.raises(ConfigError, match=r"resource is 'task', but the file is called 'job\.yaml'"):
        Resource.load("job")


def test_a_resource_without_items_has_nothing_to_roll_up():
    with pytest.raises(ValueError, match="cancelProductOrder has no items"):
        Resource.load("cancelProductOrder").rolled_up({})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("initial: new", "initial: knew", "initial: there is no state 'knew'"),
        ("busy: [done]", "busy: [ready]", "edges: there is no state 'ready'"),
        ("busy: [done]", "bussy: [done]", "edges: there is no state 'bussy'"),
        ("busy: [done]", "done: [busy]", "edges.done: it is an end"),
        ("identity: id", "identity: id\nrollUp: [{is: new}]", "there are no items to roll up"),
        ("identity: id", "identity: id\nitems: {member: part, key: [id]}", "the last row must be without conditions"),
        ("identity: id", "identity: id\nitems: {member: part, key: [id]}\nrollUp: [{all: [new], is: new}]", "the last row must be"),
        ("identity: id", "identity: id\nitems: {member: part, key: [id]}\nrollUp: [{some: [old], is: new}, {is: new}]", "no state 'old'"),
        ("identity: id", "identity: id\nitems: {member: part, key: []}\nrollUp: [{is: new}]", "items.key"),
        ("identity: id", "identity: id\nitems: {member: part, key: [id], without: [old]}\nrollUp: [{is: new}]", "items.without"),
        ("identity: id", "identity: id\ninformation: {states: [old]}", "information.states: there is no state 'old'"),
        ("identity: id", "identity: id\nevent: {}", "did you mean 'events'?"),
        ("identity: id", "identity: id\npatch: {states: {old: [note]}}", "patch.states: there is no state 'old'"),
        ("identity: id", "identity: id\ndates: {states: {old: doneDate}}", "dates.states: there is no state 'old'"),
        (
            "identity: id",
            "identity: id\nsubject: {resource: job, member: id, steps: [{state: old}, subject]}",
            "subject: there is no state",
        ),
        (
            "identity: id",
            "identity: id\nsubject: {resource: job, member: job.id, steps: [{state: done}]}",
            "the word 'subject' stands where",
        ),
    ],
)
def test_a_contradiction_in_the_file_is_named(tmp_path, old, new, words):
    with pytest.raises(CheckFailed) as refused:
        reading(tmp_path, LEAST.replace(old, new))
    assert words in str(refused.value)
