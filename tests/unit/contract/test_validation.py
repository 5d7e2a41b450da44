"""All that a document has against its contract, by path and in plain words."""

from decimal import Decimal
from typing import Any

import pytest

from adapter.contract.hygiene import text_problems
from adapter.contract.validation import Validator
from adapter.errors import ConfigError, Problem


def problems(schema: Any, value: Any) -> list[str]:
    """What is wrong with one member ``m``."""
    found = Validator({"type": "object", "properties": {"m": schema}}).problems({"m": value})
    return [str(problem) for problem in found]


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        ({"type": "string"}, 1, "must be text, not a number"),
        ({"type": "string"}, None, "must be text, not null"),
        ({"type": "integer"}, "1", "must be a whole number, not text"),
        ({"type": "integer"}, Decimal("1.5"), "must be a whole number, written without a fraction or exponent, not 1.5"),
        ({"type": "integer"}, Decimal("1.0"), "must be a whole number, written without a fraction or exponent, not 1.0"),
        ({"type": ["integer", "null"]}, Decimal("1.0"), "must be a whole number, written without a fraction or exponent, not 1.0"),
        ({"type": ["string", "integer"]}, Decimal("1.0"), "must be a whole number, written without a fraction or exponent, not 1.0"),
        (
            {"type": "integer", "allOf": [{"minimum": 2}]},
            Decimal("2.0"),
            "must be a whole number, written without a fraction or exponent, not 2.0",
        ),
        ({"type": "integer", "allOf": [{"minimum": 2}]}, 1, "must be at least 2"),
        (
            {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            Decimal("1.0"),
            "must be a whole number, written without a fraction or exponent, not 1.0",
        ),
        ({"type": "integer"}, Decimal("1E+2"), "must be a whole number, written without a fraction or exponent, not 100.0"),
        ({"type": "number"}, True, "must be a number, not true or false"),
        ({"type": "boolean"}, "true", "must be true or false, not text"),
        ({"type": "object"}, [], "must be an object, not a list"),
        ({"type": "array"}, {}, "must be a list, not an object"),
        ({"type": ["string", "null"]}, 1, "must be null or text, not a number"),
        ({"enum": ["add", "delete"]}, "buy", "must be one of add, delete, not 'buy'"),
        ({"enum": ["add", "delete"]}, {"a": 1}, "must be one of add, delete, not an object"),
        ({"enum": list(range(20))}, 99, "must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more, not 99"),
        ({"const": "x"}, "y", "must be x, not 'y'"),
        ({"format": "date-time"}, "2023-01-11", "must be a date and time with its zone, like 2023-01-11T12:45:12.028Z, not '2023-01-11'"),
        ({"format": "date"}, "2023-02-30", "must be a date like 2023-01-11, not '2023-02-30'"),
        ({"format": "ipv4"}, "1.2.3", "must be of the format ipv4, not '1.2.3'"),
        ({"pattern": "^[0-9]+$"}, "a1", "must match ^[0-9]+$; 'a1' does not"),
        ({"minLength": 2}, "a", "must have at least 2 characters"),
        ({"maxLength": 2}, "abc", "must have at most 2 characters, it has 3"),
        ({"minimum": 2}, 1, "must be at least 2"),
        ({"maximum": 2}, 3, "must be at most 2"),
        ({"exclusiveMinimum": 2}, 2, "must be more than 2"),
        ({"exclusiveMaximum": 2}, 2, "must be less than 2"),
        ({"multipleOf": 2}, 3, "must be a multiple of 2"),
        ({"minItems": 1}, [], "must have at least 1 elements, it has 0"),
        ({"maxItems": 1}, [1, 2], "must have at most 1 elements, it has 2"),
        ({"uniqueItems": True}, [1, 1], "must not hold the same element twice"),
        ({"minProperties": 1}, {}, "must have at least 1 members"),
        ({"maxProperties": 0}, {"a": 1}, "must have at most 0 members"),
        (False, 1, "must not be sent"),
        ({"not": {"type": "string"}}, "a", "does not fit the contract's rule 'not'"),
        (
            {"propertyNames": {"maxLength": 1}},
            {"ab": 1},
            "has a member with a name that is not allowed: must have at most 1 characters, it has 2",
        ),
        ({"anyOf": [{"type": "string", "maxLength": 2}, {"type": "null"}]}, "abc", "must have at most 2 characters, it has 3"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 5, "must be text, not a number"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, None, "must be text or a whole number, not null"),
        ({"anyOf": [{"minLength": 3}, {"pattern": "^b"}]}, "a", "fits none of the allowed forms"),
        ({"oneOf": [{"type": "string"}, {"maxLength": 3}]}, "a", "fits none of the allowed forms"),
    ],
)
def test_what_is_wrong_in_words(schema: Any, value: Any, words: str) -> None:
    assert problems(schema, value) == [f"m: {words}"]


def test_a_document_that_fits_has_no_problems() -> None:
    assert problems({"type": "integer"}, 3) == []
    assert problems({"type": ["integer", "null"]}, None) == []
    assert problems({"type": ["integer", "number"]}, Decimal("1.0")) == []
    assert problems({"enum": [{"type": "integer"}]}, {"type": "integer"}) == []
    assert problems({"type": "number"}, Decimal("1.10")) == []
    assert problems({"type": "integer"}, 10**30) == []
    assert problems({"type": "integer"}, Decimal(1)) == []  # written as 1
    assert problems({"format": "date-time"}, "4444-12-31T00:00:00.000Z") == []
    assert problems({"format": "date-time"}, "2022-05-11T10:40:00+01:00") == []


def test_the_document_itself() -> None:
    assert Validator({"type": "object"}).problems([]) == [Problem("", "must be an object, not a list")]


def test_missing_and_unknown_members_are_named_one_by_one_in_order() -> None:
    schema = {
        "type": "object",
        "required": ["b", "a"],
        "properties": {"a": {}, "b": {}, "list": {"items": {"required": ["id"], "properties": {"id": {}}, "additionalProperties": False}}},
    }
    document = {"list": [{"id": 1}, {"od": 1, "x y": 2}, *[{"id": 1}] * 8, {}]}
    assert [str(problem) for problem in Validator(schema).problems(document)] == [
        "a: is missing and has to be sent",
        "b: is missing and has to be sent",
        "list[1].'x y': is not known here; remove it",
        "list[1].id: is missing and has to be sent",
        "list[1].od: is not known here; remove it",
        "list[10].id: is missing and has to be sent",
    ]


def test_a_value_of_the_wrong_kind_is_one_problem() -> None:
    assert problems({"type": "string", "enum": ["a"]}, None) == ["m: must be text, not null"]


def test_alternatives_of_objects_are_explained_by_the_nearest() -> None:
    schema = {"anyOf": [{"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}, {"type": "null"}]}
    assert problems(schema, {"id": 1}) == ["m.id: must be text, not a number"]
    assert problems(schema, {}) == ["m.id: is missing and has to be sent"]


def test_long_values_are_cut_and_made_printable() -> None:
    (found,) = problems({"enum": ["a"]}, "x" * 500)
    assert found == "m: must be one of a, not '" + "x" * 59 + "…'"
    assert problems({"enum": ["a"]}, "a\nb\u202e") == ["m: must be one of a, not 'a\\u000ab\\u202e'"]


def test_r60_a_secret_is_never_repeated() -> None:
    schema = {"properties": {"clientSecret": {"pattern": "^[a-z]+$"}, "auth": {"properties": {"password": {"enum": ["x"]}}}}}
    found = [str(problem) for problem in Validator(schema).problems({"clientSecret": "Hush-1", "auth": {"password": "Hush-2"}})]
    assert found == ["auth.password: must be one of x, not what was sent", "clientSecret: must match ^[a-z]+$; what was sent does not"]


def test_the_list_of_problems_is_cut_at_twenty() -> None:
    found = Validator({"items": {"type": "string"}}).problems(list(range(100)))
    assert len(found) == 20
    assert found[0] == Problem("[0]", "must be text, not a number")


@pytest.mark.parametrize(
    "schema", [{"type": "strin"}, {"type": ["integer", "strin"]}, {"type": ["integer", 1]}, {"pattern": "("}, {"$ref": "#/nope"}]
)
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    with pytest.raises(ConfigError, match=r"order\.json is no JSON Schema"):
        Validator(schema, source="order.json")


def test_text_of_a_document_from_anywhere() -> None:
    document = {"a": ["ok", {"b": "\x00"}], "c": Decimal(1), "d\ud800": None}
    assert [str(problem) for problem in text_problems(document)] == [
        "'d\\ud800': the member's name: character 2 is half of a surrogate pair (\\ud800), which cannot be forwarded; remove it",
        "a[1].b: character 1 is the character NUL, which cannot be forwarded; remove it",
    ]
    assert text_problems({"a": "fine\t\n\r"}) == []


def test_depth_of_a_document_from_anywhere() -> None:
    document: Any = "x"
    for _ in range(1000):
        document = {"member": document}
    (found,) = text_problems(document, max_depth=100)
    assert found.text == "the document is nested deeper than 100 levels; send it flatter"
    assert len(found.path) < 130
    assert text_problems({"a": [1]}, max_depth=2) == []
    assert [problem.path for problem in text_problems({"a": [[]]}, max_depth=2)] == ["a[0]"]


@pytest.mark.parametrize(
    ("elements", "same"),
    [
        ([{"id": "1"}, {"id": "2"}], ""),
        ([{"id": "1", "product": {"id": "a"}}, {"id": "1", "product": {"id": "b"}}], ""),  # a package names all its members alike
        ([{"id": "1"}, {"id": "1"}], "1"),
        ([{"id": "1", "product": {"id": "a"}}, {"id": "2"}, {"id": "1", "product": {"id": "a"}}], "1"),
        ([{"id": "1", "product": {"id": "a"}}, {"id": "1"}], "1"),  # a report about the second could be about the first
        ([{}, {}], ""),  # whether an id has to be there, another keyword says
        (["x", "x"], ""),
    ],
)
def test_elements_that_cannot_be_told_apart_are_the_same_one_twice(elements, same):
    found = Validator({"properties": {"item": {"type": "array", "distinct": ["id", "product.id"]}}}).problems({"item": elements})
    assert found == ([Problem("item", f"two elements have the same id '{same}'; each needs one of its own")] if same else [])
