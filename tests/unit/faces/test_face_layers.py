"""``like``: a face begins from another file."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.errors import CheckFailed
from adapter.faces.declaration import load_face

BASE = """\
face: base
title: Base
source: made up
base: /base
view: tmf
credentials: {id: [client-id], secret: [client-secret]}
market: {header: X-Market, default: lab}
correlation: {header: X-Correlation-ID}
headers:
  X-Correlation-ID: {maxLength: 64}
  X-Market: {maxLength: 32}
  X-Extra: {maxLength: 16}
errors: {body: {code: $code}}
outcomes: {rejected: 422, unavailable: 503}
routes:
  - {path: /order, method: GET, operation: productOrder.list, kind: list}
"""
OWN = """\
like: base
face: own
base: /own
headers:
  X-Extra: null
  X-Market: {description: which}
outcomes: {rejected: 400}
errors: {body: {reason: $message}}
routes:
  - {path: "/order/{id}", method: GET, operation: productOrder.retrieve, kind: retrieve}
"""


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder / "own.yaml"


def test_mappings_are_merged_lists_replaced_and_null_takes_away(tmp_path):
    face = load_face(written(tmp_path, base=BASE, own=OWN), {})
    assert (face.face, face.base, face.title) == ("own", "/own", "Base")
    assert face.headers.keys() == {"X-Correlation-ID", "X-Market"}
    assert (face.headers["X-Market"].max_length, face.headers["X-Market"].description) == (32, "which")
    assert (face.outcomes.rejected, face.outcomes.unavailable) == (400, 503)
    assert face.errors.body == {"code": "$code", "reason": "$message"}
    assert [route.path for route in face.routes] == ["/order/{id}"]


def test_layers_lie_on_layers(tmp_path):
    middle = "like: base\nface: middle\nbase: /middle\noutcomes: {rejected: 409, absent: 410}\n"
    face = load_face(written(tmp_path, base=BASE, middle=middle, own=OWN.replace("like: base", "like: middle")), {})
    assert (face.base, face.outcomes.rejected, face.outcomes.absent, face.outcomes.unavailable) == ("/own", 400, 410, 503)


def test_a_mistake_is_named_where_it_stands(tmp_path):
    with pytest.raises(CheckFailed, match=r"base\.yaml:\d+:\d+: error: F203: outcomes\.unavailable"):
        load_face(written(tmp_path, base=BASE.replace("unavailable: 503", "unavailable: 200"), own=OWN), {})
    with pytest.raises(CheckFailed, match=r"own\.yaml:7:\d+: error: F203: outcomes\.rejected"):
        load_face(written(tmp_path, base=BASE, own=OWN.replace("rejected: 400", "rejected: 200")), {})


@pytest.mark.parametrize(
    ("like", "words"),
    [
        ("bass", r"own\.yaml:1:1: error: F203: like: there is no file .*bass\.yaml"),
        ("own", "like: own begins from this file itself"),
        ("../own", r"own\.yaml:1:1: error: F203: like: '\.\./own' is not the name"),
    ],
)
def test_a_file_that_cannot_be_begun_from_is_named(tmp_path, like, words):
    with pytest.raises(CheckFailed, match=words):
        load_face(written(tmp_path, base=BASE, own=OWN.replace("like: base", f"like: {like}")), {})


def test_two_files_do_not_begin_from_each_other(tmp_path):
    with pytest.raises(CheckFailed, match="like: own begins from this file itself"):
        load_face(written(tmp_path, base=f"like: own\n{BASE}", own=OWN), {})
