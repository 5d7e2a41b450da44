"""One provider change as the supplier holds it: the order of the new line, the order of the old line, and what is told next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from simulators.life import Passing
from simulators.spri.course import ANNOUNCEMENT, ENDED, QUESTION, STATUS, Course, Line, Stage, Step

_UNTIL_DELIVERY = timedelta(days=14)
_RESCHEDULING = timedelta(hours=36)


@dataclass(slots=True)
class Answer:
    """What the old line's buyer said: consent, codes with their texts, when it hands over, its name as it writes it."""

    approved: bool
    codes: tuple[tuple[str, str], ...] = ()
    handover: str = ""
    provider: str = ""


@dataclass(slots=True)
class Side:
    """One of the two orders: the supplier's number, the buyer it is told to, and where it is ("": not created yet)."""

    number: str
    buyer: str
    status: str = ""


@dataclass(slots=True)
class ProviderChange:
    """Both orders, and the steps that are still to be told. Times are moments in UTC."""

    course: Course
    passing: Passing
    new: Side
    old: Side
    reference: str
    case: str
    agreement: str = ""
    contract: str = ""
    wished: datetime | None = None
    line: str = ""
    binding: datetime | None = None
    answer: Answer | None = None
    answer_until: datetime | None = None
    no_return: bool = False
    steps: deque[Step] = field(default_factory=deque)

    def side(self, line: Line) -> Side:
        """The order of the new or of the old line."""
        return self.new if line is Line.NEW else self.old

    def begin(self, stage: Stage, rest: Iterable[Step] = ()) -> None:
        """The stage's steps come next, and nothing else but ``rest``."""
        self.steps = deque([*self.course.stages[stage], *rest])

    def now(self) -> datetime:
        """The time of the messages: real time."""
        return datetime.fromtimestamp(self.passing.now(), UTC)

    def take(self) -> Step | None:
        """The step that is due: what it says of the two orders is true from here on. None: it has no message."""
        step = self.steps.popleft()
        if step.goes is not None:
            self.begin(step.goes)
            return None
        if step.line is Line.OLD and not self.old.status and step.message != ANNOUNCEMENT:  # there is no second order to tell of
            return None
        self._happens(step)
        return step

    @property
    def over(self) -> bool:
        """Whether both orders have ended, and all of it was told."""
        return not self.steps and self.new.status in ENDED and (not self.old.status or self.old.status in ENDED)

    def wait(self) -> float:
        """Real seconds until the next step is due."""
        return self.steps[0].after / self.passing.speed if self.steps else 0.0

    def decide(self, answer: Answer) -> str:
        """Takes the answer of the old line's buyer; returns the code of what stands against it, "" where nothing does."""
        if self.old.status != "KLAERUNG":
            return "X410" if self.answer is None and self.answer_until is not None else "X409"
        if self.answer_until is not None and self.now() > self.answer_until:
            return "X410"
        self.answer = answer
        self.begin(Stage.APPROVED if answer.approved else Stage.REFUSED)
        return ""

    def cancel(self) -> str:
        """Takes a cancellation to assess it; returns the code of what stands against it."""
        if self.no_return or self.new.status in ENDED or self.new.status in ("EINGEGANGEN", "STORNOPRUEFUNG"):
            return "1087"
        before, self.new.status = self.new.status, "STORNOPRUEFUNG"
        if self.course.cancel:
            self.begin(Stage.CANCELLED)
        else:
            refusal = [step.model_copy(update={"status": before}) for step in self.course.stages[Stage.NOT_CANCELLED]]
            self.steps = deque([*refusal, *self.steps])
        return ""

    def reschedule(self, moment: datetime) -> str:
        """Takes a new date; returns the code of what stands against it."""
        waiting = self.new.status == "KLAERUNG"
        early = self.new.status == "IN_AUSFUEHRUNG" and self.binding is not None and self.binding - self.now() >= _RESCHEDULING
        if not waiting and not early:
            return "1085"
        self.binding = moment
        self.begin(Stage.RESCHEDULED)
        return ""

    def _happens(self, step: Step) -> None:
        side = self.side(step.line)
        if step.message == ANNOUNCEMENT:
            side.status = "EINGEGANGEN"
        elif step.about != "Storno" or step.status:
            side.status = step.status or STATUS.get(step.message, side.status)
        if step.message == QUESTION:
            within = self.course.answer_within or 0.0
            self.answer_until = self.now() + timedelta(seconds=within / self.passing.speed)
            self.steps = deque([Step(goes=Stage.UNANSWERED, after=within)])
        if "1087" in step.codes and step.message == "ABM":
            self.no_return = True
        if step.message == "ABM":
            self.binding = (self.binding or self.wished or self.now() + _UNTIL_DELIVERY) + timedelta(days=step.shift)
