"""The document of certificates: what is promised, with which delta, and what each promise rests on."""

import numpy as np
import pytest

from w2sg.theory.certificates import certify_run
from w2sg.theory.documents import certificate_document


def test_certificates_are_told_with_what_they_rest_on() -> None:
    rng = np.random.default_rng(0)
    weak, student = rng.dirichlet(np.ones(2), 200), rng.dirichlet(np.ones(2), 200)
    truth = rng.integers(0, 2, 200)
    certified = certify_run(weak, student, lambda rows: truth[rows], 40, 0.05, rng)
    document = certificate_document("0123456789", certified, made_by="w2sg certify")
    found = document.to_dict()
    assert found["run"] == "0123456789"
    assert sum(certificate["delta"] for certificate in found["certificates"].values()) == pytest.approx(0.05)
    rows = {row["certificate"]["value"]: row for row in found["tables"]["promises"]["rows"]}
    assert set(rows) == set(certified.certificates)
    assert rows["gain"]["low"]["value"] <= rows["gain"]["estimate"]["value"]
    assert "hold together with probability 0.95" in document.lead
    assert "asymptotic ones for many labels only" in document.lead
    said = [finding.text for finding in document.findings]
    assert any(text.startswith("gain: ") and "It rests on: " in text for text in said)
    assert sum(text.startswith("No ") for text in said) == len(certified.skipped)
