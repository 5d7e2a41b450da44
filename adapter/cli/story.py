"""What ``adapter demo --market`` walks: who takes part, and the steps, declared in ``config/stories/<market>.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from adapter.declared import Declared, check_name, load_declared
from adapter.errors import ConfigError
from adapter.settings import Home


class Listening(Declared):
    """Where somebody registers for events, with the hub's ``query``."""

    hub: str
    query: str = ""


class Actor(Declared):
    """Somebody at the front. ``headers`` go with each of its requests; ``key`` is the variable that ``config/clients.yaml`` takes the
    client's callback key from."""

    headers: dict[str, str]
    key: str = ""
    hears: tuple[Listening, ...] = ()


class Send(Declared):
    """A request: ``who`` sends ``document`` to ``path``, or the request of a ``file`` of cases (of its first) with ``change`` laid over it.

    ``expect`` is the HTTP status that has to come; ``keep`` gives members of the answer names, by which later steps use them: ``$name``.
    """

    who: str
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    file: Path | None = None
    document: Any = None
    change: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    expect: int
    keep: dict[str, str] = Field(default_factory=dict)


class Hear(Declared):
    """An event that ``who`` has to hear before the story goes on; ``state`` is the resource's, where it matters."""

    who: str
    event: str
    state: str = ""
    keep: dict[str, str] = Field(default_factory=dict)


class Step(Declared):
    """One step: something is sent, or heard. ``what`` says why, in a line."""

    what: str = ""
    send: Send | None = None
    hear: Hear | None = None

    @model_validator(mode="after")
    def _one_thing_happens(self) -> Step:
        if (self.send is None) is (self.hear is None):
            raise ValueError("write either send or hear")
        return self


class Story(Declared):
    """One market's main sequence. ``backend`` is what its lane of the diagram is called, ``seconds`` how long an event may take."""

    market: str
    title: str
    source: str
    backend: str
    environment: dict[str, str] = Field(default_factory=dict)
    actors: dict[str, Actor] = Field(min_length=1)
    steps: tuple[Step, ...] = Field(min_length=1)
    seconds: float = Field(45.0, gt=0, le=600)

    @model_validator(mode="after")
    def _everybody_is_known(self) -> Story:
        for number, step in enumerate(self.steps, 1):
            doing = step.send or step.hear
            if doing is not None and doing.who not in self.actors:
                raise ValueError(f"steps.{number}: '{doing.who}' is none of the actors ({', '.join(self.actors)})")
            if step.hear is not None and not self.actors[step.hear.who].hears:
                raise ValueError(f"steps.{number}: '{step.hear.who}' has not registered for anything under 'hears'")
        return self


def stories(home: Home) -> list[str]:
    """The markets that have a story, by name."""
    return sorted(path.stem for path in (home.root / "config" / "stories").glob("*.yaml"))


def load_story(home: Home, market: str, environment: Mapping[str, str] | None = None) -> Story:
    """The story of a market. Raises ConfigError; the file's name must be the market's id."""
    known = stories(home)
    if market not in known:
        raise ConfigError(f"there is no story of the market '{market}' in config/stories (there are: {', '.join(known)})")
    path = home.path(f"config/stories/{market}.yaml")
    story = load_declared(path, Story, environment)
    check_name(path, "market", story.market)
    return story
