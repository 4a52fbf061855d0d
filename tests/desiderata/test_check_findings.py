"""What the finding of a check says where no verdict was reached."""

import pytest

from w2sg.desiderata import Outcome, Specification, check_document
from w2sg.desiderata.outcome import JudgedNode

SPECIFICATION = Specification.parse({"name": "one", "require": "positive-gain"})


@pytest.mark.parametrize(
    ("n_labels", "untestable", "larger"), [(39, "", True), (100, "", False), (39, "has no groups", False)]
)
def test_undecided_says_where_more_labels_cannot_help(n_labels: int, untestable: str, larger: bool) -> None:
    leaf = JudgedNode("gain", "gain above 0", "", "undecided", 0.01, -0.02, 0.04, 0.05, 0.05, n_labels, untestable)
    outcome = Outcome({"task": "wine"}, leaf, 0.05, n_labels, {"test": 200})
    (finding,) = check_document(SPECIFICATION, [outcome], most=100).findings
    assert finding.text.startswith(f"undecided, with {n_labels} labels: gain above 0")
    assert ("only a larger test set can" in finding.text) == larger
