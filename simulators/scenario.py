"""What a simulated backend does with a call, as data: the behaviours of a scenario file, and the numbers it answers with."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from simulators.http_server import Transport


class Form(StrEnum):
    """How the answer looks: as the WSDL says; readable, but not as the WSDL says; broken XML; HTTP 500 without SOAP."""

    REGULAR = "regular"
    ODD = "odd"
    BROKEN = "broken"
    HTTP_500 = "http500"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Fault(_Strict):
    """A SOAP fault of the backend's own: ``text`` is the fault string, ``code`` and ``detail`` stand in its detail element."""

    text: str
    code: str
    detail: str


class Behaviour(_Strict):
    """One behaviour. Nothing set: the call is done and answered at once.

    ``book``: whether the order is kept; a refusal or fault never keeps it. ``after``: seconds until the answer.
    ``omit``: local names of elements left out of the answer.
    """

    book: bool = True
    warnings: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    fault: Fault | None = None
    after: float = 0.0
    transport: Transport = Transport.ANSWER
    form: Form = Form.REGULAR
    omit: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_thing(self) -> Behaviour:
        if self.refuse and self.fault:
            raise ValueError("a call is either refused or answered with a fault")
        if self.ignores and self.transport not in (Transport.CLOSE, Transport.NEVER):
            raise ValueError("book: false says that the call is ignored, so it needs transport: close or never (or use refuse)")
        return self

    @property
    def ignores(self) -> bool:
        """Whether the call leaves no trace and gets no answer."""
        return not self.book and not self.refuse and self.fault is None


NORMAL = Behaviour()


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # reads a contract in a tenth of the time


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping. Raises ValueError when it does not."""
    content = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - either is a safe loader
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected a mapping at the top")
    return content


class SoapScenarios(_Strict):
    """``scenarios.yaml`` of a backend that speaks SOAP: its behaviours; by what a call finds its own, the backend knows."""

    scenarios: dict[str, Behaviour]

    @classmethod
    def read(cls, path: Path, override: Mapping[str, Mapping[str, Any]] | None = None) -> Self:
        """The file, with single values of scenarios changed or whole scenarios added: ``{"00918424400928": {"after": 0.1}}``.
        Raises ValueError for what makes no sense."""
        declared = cls.model_validate(read_yaml(path))
        scenarios = dict(declared.scenarios)
        for key, values in (override or {}).items():
            known = scenarios.get(key, NORMAL).model_dump(exclude_unset=True)
            scenarios[key] = Behaviour.model_validate({**known, **values})
        return declared.model_copy(update={"scenarios": scenarios})
