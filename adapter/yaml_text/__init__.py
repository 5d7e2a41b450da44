"""YAML read as text with places: every scalar is a string as written, every key and value knows its line and column.

The one reader of all declared files. What hides where a value comes from (anchors, aliases, tags, merge keys, duplicate keys,
several documents) is reported, and so is broken YAML: content is never raised on. Each user gives the codes of its findings
(``Codes``). ``json_value`` takes the same nodes as JSON data, for models and schemas written in YAML.
"""

from __future__ import annotations

from adapter.yaml_text.findings import Codes, Kind, numbered
from adapter.yaml_text.load import MAX_BYTES, Document, load_document, read_document
from adapter.yaml_text.nodes import Block, Entry, Items, Node, Scalar, json_value
from adapter.yaml_text.places import split_lines

__all__ = [
    "MAX_BYTES",
    "Block",
    "Codes",
    "Document",
    "Entry",
    "Items",
    "Kind",
    "Node",
    "Scalar",
    "json_value",
    "load_document",
    "numbered",
    "read_document",
    "split_lines",
]
