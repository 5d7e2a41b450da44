"""A task resource and what it is about: a request to cancel is a resource of its own, and it changes an order."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from adapter.declared import Declared
from adapter.ports import Document

SUBJECT = "subject"
"""The step of a task at which its subject's own change happens. No state is called so."""


class Step(Declared):
    """The task moves to this state."""

    state: str


class Subject(Declared):
    """What a task is about: the id at ``member`` of the task names a ``resource``.

    ``steps``: how a task that its backend took on gets on, in the order of the events, with the one place where its subject changes.
    ``concluded``: a state that the subject comes to → the state that its open tasks come to with it. ``left``: the same by the state that
    the subject comes from, where ``concluded`` says nothing about the new one. ``answered``: what the answer to the request shows, the
    task as it ``begins`` (how it goes on is told by events) or as far as it got meanwhile (``reached``). ``tells``: members of a task that
    goes on with its subject → members of the subject, which say why.
    """

    resource: str = Field(pattern=r"^[a-z][A-Za-z]*$")
    member: str
    steps: tuple[Step | Literal["subject"], ...]
    concluded: dict[str, str] = Field(default_factory=dict)
    left: dict[str, str] = Field(default_factory=dict)
    answered: Literal["begins", "reached"] = "reached"
    tells: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _the_subject_changes_once(self) -> Subject:
        if self.steps.count(SUBJECT) != 1:
            raise ValueError(f"steps: the word '{SUBJECT}' stands where the change of the {self.resource} itself happens, exactly once")
        return self

    @property
    def states(self) -> tuple[str, ...]:
        """The task's states that are named here."""
        return (*self._walk(), *self.concluded.values(), *self.left.values())

    def named_in(self, task: Document) -> str | None:
        """The id of the resource that a task is about, where it names one."""
        found: Any = task
        for name in self.member.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return None if found is None else str(found)

    def after(self, state: str) -> tuple[str, ...]:
        """The way of a task to the ``state`` that its backend's answer gave it: the states in between and that one, in order, and SUBJECT
        once, where the subject changes. A state that is on no step is gone to at once. No steps are walked for the state that the task
        begins in, which is on none either: the caller leaves out what the task is already in."""
        walk = self._walk()
        if state not in walk:
            return state, SUBJECT
        way = [SUBJECT if isinstance(step, str) else step.state for step in self.steps]
        reached = way[: way.index(state) + 1]
        return tuple(reached) if SUBJECT in reached else (*reached, SUBJECT)

    def concludes(self, before: str, after: str) -> str | None:
        """The state that open tasks come to when their subject goes from one state to another; None: they stay as they are."""
        return self.concluded.get(after) or self.left.get(before)

    def told(self, subject: Document) -> Document:
        """What a subject has to say to a task that goes on with it."""
        return {member: subject[source] for member, source in self.tells.items() if subject.get(source) is not None}

    def _walk(self) -> tuple[str, ...]:
        return tuple(step.state for step in self.steps if not isinstance(step, str))
