"""Individual (TMF632 v4): a person on record."""

from __future__ import annotations

from enum import StrEnum

from adapter.contract.tmf.model import DateTime, Extensible
from adapter.contract.tmf.party import Identification, Party
from adapter.contract.tmf.price import TimePeriod


class IndividualStateType(StrEnum):
    """What is known of a person. v4 writes ``deceaded`` on the wire."""

    INITIALIZED = "initialized"
    VALIDATED = "validated"
    DECEADED = "deceaded"


class Disability(Extensible):
    """A disability, by its code in a list."""

    disability_code: str | None = None
    disability_name: str | None = None
    valid_for: TimePeriod | None = None


class IndividualIdentification(Identification):
    """A passport, an identity card, a driving licence."""


class LanguageAbility(Extensible):
    """How well a person knows a language (RFC 5646)."""

    is_favourite_language: bool | None = None
    language_code: str | None = None
    language_name: str | None = None
    listening_proficiency: str | None = None
    reading_proficiency: str | None = None
    speaking_proficiency: str | None = None
    writing_proficiency: str | None = None
    valid_for: TimePeriod | None = None


class Skill(Extensible):
    """What a person is able to do, and how well."""

    comment: str | None = None
    evaluated_level: str | None = None
    skill_code: str | None = None
    skill_name: str | None = None
    valid_for: TimePeriod | None = None


class OtherNameIndividual(Extensible):
    """A further name, e.g. one from before a marriage."""

    aristocratic_title: str | None = None
    family_name: str | None = None
    family_name_prefix: str | None = None
    formatted_name: str | None = None
    full_name: str | None = None
    generation: str | None = None
    given_name: str | None = None
    legal_name: str | None = None
    middle_name: str | None = None
    preferred_given_name: str | None = None
    title: str | None = None
    valid_for: TimePeriod | None = None


class _Person(Party):
    """The members a client may set, but for the two names of which a new person needs both."""

    aristocratic_title: str | None = None
    birth_date: DateTime | None = None
    country_of_birth: str | None = None
    death_date: DateTime | None = None
    family_name_prefix: str | None = None
    formatted_name: str | None = None
    full_name: str | None = None
    gender: str | None = None
    generation: str | None = None
    legal_name: str | None = None
    location: str | None = None
    marital_status: str | None = None
    middle_name: str | None = None
    nationality: str | None = None
    place_of_birth: str | None = None
    preferred_given_name: str | None = None
    title: str | None = None
    disability: list[Disability] | None = None
    individual_identification: list[IndividualIdentification] | None = None
    language_ability: list[LanguageAbility] | None = None
    other_name: list[OtherNameIndividual] | None = None
    skill: list[Skill] | None = None
    status: IndividualStateType | None = None


class IndividualCreate(_Person):
    """A person as a client records it."""

    given_name: str
    family_name: str


class IndividualUpdate(_Person):
    """What a merge patch of a person may hold; null removes a member."""

    given_name: str | None = None
    family_name: str | None = None


class Individual(IndividualUpdate):
    """A person as it is shown."""

    id: str
    href: str | None = None
