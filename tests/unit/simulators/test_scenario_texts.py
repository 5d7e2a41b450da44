"""What the simulators say is known to the markets' code catalogues, so that the demo never shows an unknown code by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.codes.load import load_catalogue
from simulators.lab import LabScenarios
from simulators.lab import backend as lab_backend
from simulators.scenario import read_yaml
from simulators.slbos import SlbosScenarios
from simulators.slbos import backend as slbos_backend

MAPPINGS = Path(__file__).parents[3] / "mappings"


@pytest.mark.parametrize(
    ("market", "backend", "model"),
    [("lab", lab_backend, LabScenarios), ("pr", slbos_backend, SlbosScenarios)],
)
def test_every_text_of_a_scenario_is_in_the_catalogue(market, backend, model):
    scenarios = model.model_validate(read_yaml(backend.HERE / "scenarios.yaml")).scenarios.values()
    texts = [text for scenario in scenarios for text in (*scenario.warnings, *scenario.refuse)]
    unknown = []
    catalogue = load_catalogue(MAPPINGS / market / "codes.yaml", unknown=lambda code, text: unknown.append((code, text)))
    for text in texts:
        assert catalogue.read(text, "error")[0].text == text
    assert len(texts) > 3
    assert unknown == []
