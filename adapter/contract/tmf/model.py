"""What every TM Forum type shares: open to extension, wire names, dates kept as the text they came as.

The classes say what the v4 definitions say. They are the source of the JSON Schemas, Shapes and OpenAPI documents; the
hot path checks documents against those and builds no object of these classes. ``None`` stands for "not there": a member
whose type names ``None`` may be left out, and null is no value for it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

DateTime = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Uri = Annotated[str, Field(json_schema_extra={"format": "uri"})]


class Model(BaseModel):
    """A type of the standard. Members it does not know are legal, as in the definitions."""

    model_config = ConfigDict(
        extra="allow", alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True, defer_build=True
    )


class Extensible(Model):
    """A type that a sender may extend, and say so."""

    base_type: str | None = Field(None, alias="@baseType")
    """The class this one was extended from."""
    schema_location: Uri | None = Field(None, alias="@schemaLocation")
    """Where the JSON Schema of the extension lies."""
    type: str | None = Field(None, alias="@type")
    """The name of the actual class."""


class Referring(Extensible):
    """A type that stands for something kept elsewhere, or may do so."""

    referred_type: str | None = Field(None, alias="@referredType")
    """The class of what is referred to."""


class Ref(Referring):
    """A reference by id. ``href`` is where it can be read, ``name`` is for people."""

    id: str
    href: str | None = None
    name: str | None = None
