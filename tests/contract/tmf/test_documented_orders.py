"""The documents of the published contract fit the canonical model with the market's extension, and say where they do not."""

import json
from pathlib import Path

import pytest

from adapter.contract.json_text import parse_json
from adapter.contract.tmf import extend, load_extension, read_extension, resource
from adapter.contract.validation import Validator
from adapter.errors import InvalidMessage

ROOT = Path(__file__).parents[3]
DOCUMENTED = Path(__file__).parent / "documented"
ORDER = extend(resource("ProductOrder"), load_extension(ROOT / "mappings/pr/schema/productOrder.extension.yaml"))
CREATE = Validator(ORDER.create_schema)
ANSWER = Validator(ORDER.answer("hybris").schema)


def read(name: str) -> object:
    return parse_json((DOCUMENTED / name).read_bytes())


@pytest.mark.parametrize("name", sorted(path.name for path in DOCUMENTED.glob("*.request.json")))
def test_a_documented_request_fits(name: str) -> None:
    assert CREATE.problems(read(name)) == []


@pytest.mark.parametrize("name", ["pr-self-install.answer.json", "pr-technician-visit.answer.json", "pr-unscheduled.answer.json"])
def test_a_documented_answer_fits_what_the_face_shows(name: str) -> None:
    document = read(name)
    assert ANSWER.problems(document) == []
    # the canonical model spells the state as the standard does, which is why the face has a contract of its own
    assert [problem.path for problem in Validator(ORDER.full_schema).problems(document)] == ["state"]


def test_reading_a_documented_order_gives_what_the_standard_library_gives() -> None:
    for path in DOCUMENTED.glob("*.json"):
        assert parse_json(path.read_bytes()) == json.loads(path.read_text(encoding="utf-8"))


def test_r59_the_unscheduled_request_as_printed_is_no_json() -> None:
    with pytest.raises(InvalidMessage, match=r"line 1 column 15: .*the document ends before this"):
        parse_json((DOCUMENTED / "pr-unscheduled.request.as-printed.txt").read_bytes())


def test_each_thing_wrong_with_an_order_is_named_at_its_place() -> None:
    document = read("pr-self-install.request.json")
    assert isinstance(document, dict)
    document["productOrderItem"][2]["quantity"] = "1"
    document["productOrderItem"][3]["action"] = "buy"
    del document["relatedParty"][0]["@referredType"]
    document["requestedCompletionDate"] = "tomorrow"
    document["serviceAddress"]["addrNo"] = 918424400656
    document["orderCharacteristics"] = {"salesRepId": "54321", "exchangeId_TP": 7}
    assert [(problem.path, problem.text) for problem in CREATE.problems(document)] == [
        ("orderCharacteristics.exchangeId_TP", "must be text, not a number"),
        ("productOrderItem[2].quantity", "must be a whole number, not text"),
        ("productOrderItem[3].action", "must be one of add, modify, delete, noChange, not 'buy'"),
        ("relatedParty[0].@referredType", "is missing and has to be sent"),
        ("requestedCompletionDate", "must be a date and time with its zone, like 2023-01-11T12:45:12.028Z, not 'tomorrow'"),
        ("serviceAddress.addrNo", "must be text, not a number"),
    ]


def test_r22_r82_members_and_notes_of_any_kind_pass_the_model() -> None:
    document = read("pr-technician-visit.request.json")
    assert isinstance(document, dict)
    document["note"].append({"@type": "JobComment", "text": "click to call"})
    document["productOrderItem"][0]["productOffering"] = {"id": "PP-1"}
    document["unheardOf"] = {"a": 1}
    assert CREATE.problems(document) == []


def test_r90_r91_answers_of_other_markets_fit_an_extension_that_declares_them() -> None:
    others = read_extension(
        {
            "types": {
                "ProductOrder": {
                    "properties": {
                        "serviceAddress": {"type": "object", "additionalProperties": {"type": "string"}},
                        "orderCharacteristics": {"type": "object", "additionalProperties": {"type": "string"}},
                    }
                }
            },
            "answers": {
                "hybris": {
                    "ProductOrder": {
                        "properties": {
                            "id": {"type": ["string", "integer"]},
                            "state": {"type": ["string", "null"]},
                            "priority": {"type": ["string", "null"]},
                            "requestedCompletionDate": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
                            "requestedStartDate": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
                        }
                    }
                }
            },
        },
        file="others.yaml",
    )
    answers = extend(resource("ProductOrder"), others).answer("hybris")
    for name in ("jm-liberate.answer.json", "jm-cerillion.answer.json", "pa.answer.json"):
        assert Validator(answers.schema).problems(read(name)) == []
    assert answers.shape.members["state"].nullable
    assert not ORDER.full.members["state"].nullable
