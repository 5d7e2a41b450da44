"""The paths of the TMF faces against the published definitions (``ADAPTER_TMF_DEFINITIONS`` names their folder)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from adapter.faces.declaration import Face, Kind, load_face

FOLDER = Path(__file__).parents[2] / "config" / "faces"
APIS = {"tmf": "TMF622", "tmf621": "TMF621", "tmf632": "TMF632", "tmf646": "TMF646", "tmf653": "TMF653", "tmf673": "TMF673"}
# Beside the definitions: reading listeners, which v4 has not, everywhere; the tasks of FIT; and the usage of a market's limits of tests.
LISTENERS = {("GET", "/hub"), ("GET", "/hub/{id}")}
TASKS = {
    (method, path)
    for task in ("respondProviderChange", "rescheduleProductOrder")
    for method, path in (("POST", f"/{task}"), ("GET", f"/{task}"), ("GET", f"/{task}/{{id}}"))
}
LIMITS = {("GET", "/serviceTest/limits")}
BESIDE = {"tmf": LISTENERS | TASKS, "tmf653": LISTENERS | LIMITS}


@pytest.fixture(scope="module", params=APIS)
def face(request: pytest.FixtureRequest) -> Face:
    return load_face(FOLDER / f"{request.param}.yaml", {})


@pytest.fixture(scope="module")
def definition(face: Face) -> dict[str, Any]:
    folder = os.environ.get("ADAPTER_TMF_DEFINITIONS")
    assert folder, "set ADAPTER_TMF_DEFINITIONS to the folder of the TM Forum definitions (make conformance does)"
    (file,) = Path(folder).glob(f"{APIS[face.face]}[-_]*.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_every_operation_of_the_definition_has_a_route_and_no_other(face: Face, definition: dict[str, Any]) -> None:
    published = {
        (method.upper(), path) for path, methods in definition["paths"].items() if not path.startswith("/listener/") for method in methods
    }
    assert {(route.method, route.path) for route in face.routes} == published | BESIDE.get(face.face, LISTENERS)


def test_the_base_path_is_the_published_one(face: Face, definition: dict[str, Any]) -> None:
    assert definition["basePath"] == f"{face.base}/"


def test_a_success_has_the_published_status(face: Face, definition: dict[str, Any]) -> None:
    for route in face.offered:
        if (route.method, route.path) not in BESIDE.get(face.face, LISTENERS):
            assert str(route.success) in definition["paths"][route.path][route.method.lower()]["responses"], route.operation


def test_every_route_is_named_after_its_resource_and_verb(face: Face) -> None:
    for route in face.routes:
        if (route.method, route.path) not in LIMITS and route.kind in (Kind.CREATE, Kind.LIST, Kind.RETRIEVE, Kind.UPDATE, Kind.DELETE):
            assert route.operation == f"{route.resource}.{route.kind}"
            assert f"/{route.resource}" in route.path
