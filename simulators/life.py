"""How a booked order goes on by itself: declared steps, looked up by the time since the booking when somebody asks. Nothing runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SPEED = "ADAPTER_SIMULATOR_SPEED"
DEFAULT = "default"


class Step(BaseModel):
    """From ``after`` seconds after the booking on the order has this ``status`` ("": none is told), its lines have ``lines`` (the last
    one counts for all that follow); ``completes``: this is when it was completed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: float = Field(0.0, ge=0)
    status: str = ""
    lines: tuple[str, ...] = ()
    completes: bool = False

    def line(self, index: int) -> str:
        """The status of the line with this index, from 0; "" where lines have none."""
        return self.lines[min(index, len(self.lines) - 1)] if self.lines else ""


def _in_order(steps: Sequence[Step]) -> Sequence[Step]:
    if not steps or steps[0].after != 0 or any(one.after >= next_one.after for one, next_one in pairwise(steps)):
        raise ValueError("a life begins with a step after 0 seconds, and each step comes later than the one before")
    return steps


def _with_default(lives: Mapping[str, Sequence[Step]]) -> Mapping[str, Sequence[Step]]:
    if DEFAULT not in lives:
        raise ValueError(f"lives: write one called '{DEFAULT}', for all orders that no other is for")
    return lives


Lives = Annotated[dict[str, Annotated[tuple[Step, ...], AfterValidator(_in_order)]], AfterValidator(_with_default)]


@dataclass(frozen=True, slots=True)
class Passing:
    """The time of the simulated orders: real time, ``speed`` times as fast. ``now`` gives seconds since the epoch."""

    speed: float = 1.0
    now: Callable[[], float] = field(default=time.time)

    def __post_init__(self) -> None:
        if not self.speed > 0:
            raise ValueError(f"a speed is a number above 0, such as 30 for thirty times as fast; this is {self.speed}")

    def step(self, life: Sequence[Step], booked_at: float) -> Step:
        """Where an order is by now that was booked at ``booked_at``."""
        age = (self.now() - booked_at) * self.speed
        return next((step for step in reversed(life) if step.after <= age), life[0])

    def began(self, step: Step, booked_at: float) -> str:
        """When the step began, as real time: an xs:dateTime in UTC with milliseconds."""
        moment = datetime.fromtimestamp(booked_at + step.after / self.speed, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def speed(text: str) -> float:
    """A speed as people write it. Raises ValueError."""
    return Passing(float(text)).speed


def asked_speed(environment: Mapping[str, str] = os.environ) -> str:
    """The speed that the environment asks for, as it stands there; "1" where it asks for none."""
    return environment.get(SPEED, "1")


def speed_from(environment: Mapping[str, str] = os.environ) -> float:
    """The same as a number. Raises ValueError that names the variable."""
    try:
        return speed(asked_speed(environment))
    except ValueError:
        raise ValueError(f"{SPEED} is '{asked_speed(environment)}'; write a number above 0, such as 30 for thirty times as fast") from None
