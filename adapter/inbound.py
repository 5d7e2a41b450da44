"""What is declared about the messages that a backend sends of its own accord: ``inbound`` in a market's file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, model_validator

from adapter.channel import Basic
from adapter.declared import At, Declared, Mistake, Mistakes, check_path, refuse

LEAST_SECRET = 8
"""Characters."""


class InboundSecurity(Declared):
    """How we know the backend: whatever is declared has to fit, all of it. Each secret has at least 8 characters."""

    basic: Basic | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _secrets_are_long_enough(self) -> InboundSecurity:
        named = {("basic", "password"): self.basic.password} if self.basic else {}
        for at, secret in {**named, **{("headers", name): value for name, value in self.headers.items()}}.items():
            if len(secret.get_secret_value()) < LEAST_SECRET:
                raise Mistakes([Mistake(at, f"a secret has at least {LEAST_SECRET} characters")])
        return self

    @property
    def declared(self) -> bool:
        """Whether there is anything that a backend has to show."""
        return self.basic is not None or bool(self.headers)


class InboundLimits(Declared):
    """What is read of one message: ``bodyBytes`` bytes, elements or objects ``depth`` deep, within ``bodySeconds``; ``inFlight`` messages
    at one time. A message that overtakes our own answer waits for it ``wait`` seconds at most."""

    body_bytes: int = Field(1_048_576, ge=1_000, le=104_857_600)
    depth: int = Field(64, ge=4, le=200)
    body_seconds: float = Field(10.0, gt=0, le=3600)
    in_flight: int = Field(64, ge=1, le=10_000)
    wait: float = Field(5.0, ge=0, le=60)


class InboundOperation(Declared):
    """A message that the backend sends of its own accord. ``creates``: one about a resource that is not on record makes it. Whose it is
    then: ``owner`` is the path in the report that names the party it belongs to, by ``parties`` of the clients; ``belongsTo`` gives, by
    resource, the path to the number of one on record whose client it belongs to. Where neither tells, it belongs to nobody."""

    creates: bool = False
    owner: str = ""
    belongs_to: dict[str, str] = Field(default_factory=dict)

    @property
    def owned_by(self) -> dict[At, str]:
        """The paths that say whose it is, by where they are declared."""
        named: dict[At, str] = {("owner",): self.owner} if self.owner else {}
        return named | {("belongsTo", resource): path for resource, path in self.belongs_to.items()}

    @model_validator(mode="after")
    def _owner_is_of_what_is_made(self) -> InboundOperation:
        if self.owned_by and not self.creates:
            text = "this is about the resources that messages make"
            raise Mistakes([Mistake(next(iter(self.owned_by))[:1], text, "write 'creates: true', or take it away")])
        refuse(mistake for at, path in self.owned_by.items() for mistake in check_path(at, path))
        return self


class Inbound(Declared):
    """The messages that the backend sends to us, at ``/inbound/<market>``. ``face`` is the one in whose words resources are shown that
    a message makes; ``contract`` and ``port`` are those of the messages, where they are not the market's own. ``open``: anybody may send.
    """

    face: str
    contract: Path | None = None
    port: str = ""
    security: InboundSecurity = InboundSecurity()
    open: bool = False
    limits: InboundLimits = InboundLimits()
    operations: dict[str, InboundOperation] = Field(min_length=1)

    @model_validator(mode="after")
    def _somebody_is_let_in(self) -> Inbound:
        if self.open == self.security.declared:
            text = "declare credentials under 'security', or write 'open: true' where anybody may send, not both"
            raise Mistakes([Mistake(("open",) if self.open else (), text)])
        return self
