"""What the supplier tells its two buyers, in which order and when: the courses of a scenario file."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulators.life import DEFAULT
from simulators.scenario import SoapScenarios

ANNOUNCEMENT = "KUE-LE"
QUESTION = "AKM-PV"


class Stage(StrEnum):
    """What begins: the order was placed; its loser agreed, refused, or said nothing in time; it is carried out; the buyer cancelled
    (with success or without), or moved the date."""

    PLACED = "placed"
    APPROVED = "approved"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    REALISED = "realised"
    CANCELLED = "cancelled"
    NOT_CANCELLED = "notCancelled"
    RESCHEDULED = "rescheduled"


class Line(StrEnum):
    """Whose order: that of the new line's buyer, or that of the old line's."""

    NEW = "new"
    OLD = "old"


# Where an order is after a message of this type; a message that is not here leaves it where it is.
STATUS: Mapping[str, str] = {
    "TEQ": "EINGEGANGEN",
    "QEB": "ANGENOMMEN",
    "AKM-PV": "KLAERUNG",
    "TAM": "KLAERUNG",
    "ABM": "IN_AUSFUEHRUNG",
    "ABM-PV": "IN_AUSFUEHRUNG",
    "ABBM": "ABGELEHNT",
    "ABBM-PV": "ABGELEHNT",
    "ERLM": "ERLEDIGT",
    "ENTM": "ABGERECHNET",
}
ENDED = frozenset({"ABGELEHNT", "STORNIERT", "GESCHEITERT", "ERLEDIGT", "ABGERECHNET"})


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Strict):
    """One message, ``after`` seconds of simulated time behind the one before. ``status`` is where the order is then, where that is
    not what the message's type says; ``about`` the part of the order it is about; ``times`` how often it is sent; ``shift`` by how
    many days the date moves; ``overtaken``: it is made now, and brought behind the next one. Or, instead of a message, the stage that
    follows (``goes``)."""

    message: str = ""
    line: Line = Line.NEW
    after: float = Field(0.0, ge=0)
    codes: tuple[str, ...] = ()
    status: str = ""
    about: Literal["Standard", "Storno", "Terminverschiebung"] = "Standard"
    times: int = Field(1, ge=1)
    shift: int = 0
    overtaken: bool = False
    delay: str = ""
    charged: bool | None = None
    goes: Stage | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if bool(self.message) is (self.goes is not None):
            raise ValueError("a step either has a message or goes to another stage")
        return self


class Course(_Strict):
    """One way of a provider change. ``answer_within`` seconds has the old line's buyer for its answer; ``cancel`` says whether
    a cancellation succeeds. A stage that is left out is that of the course ``default``."""

    answer_within: float | None = Field(None, gt=0, alias="answerWithin")
    cancel: bool = True
    stages: dict[Stage, tuple[Step, ...]] = Field(default_factory=dict)


class Contact(_Strict):
    """A person at the supplier's: members are named as in the messages."""

    rolle: str
    kennung: str
    anrede: str = ""
    vorname: str = ""
    nachname: str = ""
    kontakt: dict[Literal["FESTNETZ", "MOBIL", "EMAIL"], str] = Field(default_factory=dict)


class SpriScenarios(SoapScenarios):
    """``scenarios.yaml``: behaviours of a call and courses by the first word of the order's external number; the texts of the codes;
    the names of providers; whose a line is (``default``: any other line)."""

    courses: dict[str, Course]
    codes: dict[str, str]
    providers: dict[str, str]
    lines: dict[str, str]
    contact: Contact

    @model_validator(mode="after")
    def _whole(self) -> Self:
        default = self.courses.get(DEFAULT)
        if default is None or default.answer_within is None or set(Stage) - default.stages.keys():
            raise ValueError(f"courses: write one called '{DEFAULT}' with answerWithin and all stages: {', '.join(Stage)}")
        if DEFAULT not in self.lines:
            raise ValueError(f"lines: write one called '{DEFAULT}', for all lines that no other is for")
        known = self.codes.keys()
        for name, course in self.courses.items():
            for stage, steps in course.stages.items():
                for code in (code for step in steps for code in step.codes if code not in known):
                    raise ValueError(f"courses.{name}.{stage}: the code {code} has no text under 'codes'")
        return self

    def course(self, word: str) -> Course:
        """The course of an order whose external number begins with ``word``, with everything that the default one adds."""
        default, own = self.courses[DEFAULT], self.courses.get(word, self.courses[DEFAULT])
        return own.model_copy(
            update={"answer_within": own.answer_within or default.answer_within, "stages": {**default.stages, **own.stages}}
        )
