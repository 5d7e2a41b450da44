"""The key under which a request is carried out once."""

from __future__ import annotations

import pytest

from adapter.faces.marks import KeyMark


@pytest.mark.parametrize(
    ("idempotency", "header", "sent_id", "creates", "key"),
    [
        ({}, {"Idempotency-Key": "k1"}, "c1", True, "Idempotency-Key:k1"),
        ({}, {"Idempotency-Key": "k1"}, "c1", False, "Idempotency-Key:k1"),
        ({}, {}, "c1", True, "{correlation}:c1"),
        ({}, {"Idempotency-Key": ""}, "c1", True, "{correlation}:c1"),
        ({}, {}, "c1", False, ""),  # one chain of calls may well change the same resource more than once
        ({}, {}, "", True, ""),
        ({"correlation": False}, {}, "c1", True, ""),
        ({"header": ""}, {"Idempotency-Key": "k1"}, "", True, ""),
    ],
)
def test_a_key_is_the_one_sent_else_the_correlation_id_of_something_new(face_with, idempotency, header, sent_id, creates, key):
    face = face_with("hybris", lambda data: data["idempotency"].update(idempotency))
    assert KeyMark(face).of(header, sent_id, creates=creates) == key.format(correlation=face.correlation.header)
