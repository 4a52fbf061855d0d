import gzip
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from supervisor_data import Data, blobs, examples_of, label

from w2sg.core import AnyArray, ConfigError, DataError, FloatArray, InputError, IntArray
from w2sg.core.registry import build
from w2sg.supervisors import Rules, dawid_skene, majority
from w2sg.supervisors.patterns import found

SHARED = Path(os.environ.get("W2SG_DATA", Path(__file__).parents[3] / "shared" / "data"))
YOUTUBE = SHARED / "wrench" / "youtube"

TEXTS = np.array(["I love it", "hate this", "LOVE and hate", "nothing"], dtype=object)
GOLD = np.array([1, 0, 1, 0])
PATTERNS = [{"pattern": "(?i)love", "label": 1}, {"pattern": "hate", "label": 0}]


def made(**fields: object) -> Rules:
    rules = build("supervisors", {"kind": "rules", **fields})
    assert isinstance(rules, Rules)
    return rules


def voted(votes: AnyArray) -> Data:
    return examples_of(np.zeros((len(votes), 1)), votes=votes), np.array([0, 0, 0, 1])[: len(votes)]


def test_patterns_vote_or_abstain() -> None:
    rules = made(rules=PATTERNS)
    assert rules.votes(examples_of(TEXTS), 2).tolist() == [[1, -1], [-1, 0], [1, 0], [-1, -1]]
    pairs = np.array([["a", "love"], ["hate", "b"]], dtype=object)
    assert rules.votes(examples_of(pairs), 2).tolist() == [[1, -1], [-1, 0]]
    np.testing.assert_allclose(
        label(rules, examples_of(TEXTS), GOLD, 2), np.array([[0, 1], [1, 0], [0.5, 0.5], [0.5, 0.5]])
    )


def test_stored_votes_are_combined() -> None:
    data = voted(np.array([[0, 0, 1], [1, 1, -1], [0, 1, -1], [-1, -1, -1]]))
    prior, half = np.array([0.75, 0.25]), np.array([0.5, 0.5])
    np.testing.assert_allclose(label(made(), *data, 2), np.array([[1, 0], [0, 1], half, prior]))
    np.testing.assert_allclose(label(made(combine="mean"), *data, 2), np.array([[2 / 3, 1 / 3], [0, 1], half, prior]))
    np.testing.assert_allclose(label(made(when_silent="uniform"), *data, 2)[3], half)


@pytest.mark.parametrize("class_prior", ["supervision", "estimated"])
def test_dawid_skene_labels_silent_rows_by_the_prior(class_prior: str) -> None:
    data = voted(np.array([[0, 0, 1], [1, 1, -1], [0, 1, -1], [-1, -1, -1]]))
    weak = label(made(combine="dawid-skene", class_prior=class_prior), *data, 2)
    np.testing.assert_allclose(weak.sum(axis=1), 1)
    np.testing.assert_allclose(weak[3], np.array([0.75, 0.25]))


def test_a_class_without_gold_keeps_dawid_skene_finite() -> None:
    examples, _ = voted(np.array([[0, 0, 1], [1, 1, -1], [2, 1, -1], [-1, -1, -1]]))
    weak = label(made(combine="dawid-skene"), examples, np.array([0, 1, 1, 0]), 3)
    assert np.isfinite(weak).all()


def test_nothing_is_random_and_gold_is_not_needed() -> None:
    data = voted(np.array([[0, 0, 1], [1, 1, -1], [0, 1, -1], [-1, -1, -1]]))
    np.testing.assert_array_equal(label(made(), *data, 2, seed=0), label(made(), *data, 2, seed=1))
    assert not made().simulates


def test_missing_votes_and_misplaced_rules_are_explained() -> None:
    examples, gold = blobs(10, k=2)
    with pytest.raises(DataError, match="the data have no metadata 'votes' and no rules are given; choose a task"):
        label(made(), examples, gold, 2)
    with pytest.raises(DataError, match="rules search patterns in texts, got inputs that are numbers"):
        label(made(rules=PATTERNS), examples, gold, 2)
    with pytest.raises(InputError, match=r"rules.1.label must be a class from 0 to 1, got 2"):
        label(made(rules=[PATTERNS[0], {"pattern": "x", "label": 2}]), examples_of(TEXTS), GOLD, 2)
    with pytest.raises(InputError, match="class shares need supervision gold, got none"):
        label(made(rules=PATTERNS), examples_of(TEXTS).take(np.arange(0)), GOLD[:0], 2)


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        (np.array([[0, 3]]), r"metadata 'votes' must be -1 \(abstain\) or a class from 0 to 1, got 3: number"),
        (np.array([[0.5, 1.0]]), r"metadata 'votes' must be integers of shape \(n, m\)"),
        (np.array([1]), "got int64"),
    ],
)
def test_bad_votes_are_explained(votes: AnyArray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        label(made(), *voted(votes), 2)


def test_bad_rules_are_named() -> None:
    with pytest.raises(ConfigError, match=r"rules.0.pattern: must be a regular expression .* got '\('"):
        made(rules=[{"pattern": "(", "label": 0}])
    with pytest.raises(ConfigError, match=r"rules.0.label: input should be greater than or equal to 0, got -1"):
        made(rules=[{"pattern": "a", "label": -1}])
    with pytest.raises(ConfigError, match="combine: input should be 'mean', .* or 'label-model'"):
        made(combine="vote")


def test_config_survives_its_own_text() -> None:
    rules = made(rules=PATTERNS, combine="dawid-skene")
    assert Rules.parse(json.loads(rules.canonical())) == rules
    assert build("supervisors", "rules-dawid-skene") == made(combine="dawid-skene")


@pytest.mark.data
@pytest.mark.skipif(not YOUTUBE.is_dir(), reason="wrench data are not beside the project")
def test_youtube_rules_behave_as_known() -> None:
    votes, gold = youtube("train")
    spoken = (votes >= 0).any(axis=1)
    assert 0.85 < spoken.mean() < 0.95

    def accuracy(soft: FloatArray) -> float:
        return float((soft.argmax(axis=1) == gold)[spoken].mean())

    by_majority = accuracy(majority(votes, 2))
    by_model = accuracy(dawid_skene(votes, 2, abstains="outcome").posterior)
    assert 0.75 < by_majority < 0.85
    assert by_majority < by_model < 0.9
    # These rules vote for one class each: without abstention as an outcome, the model knows nothing.
    assert accuracy(dawid_skene(votes, 2, abstains="missing").posterior) < 0.6


def youtube(split: str) -> tuple[IntArray, IntArray]:
    with gzip.open(YOUTUBE / f"{split}.json.gz", "rt") as file:
        rows = list(json.load(file).values())
    return np.array([row["weak_labels"] for row in rows]), np.array([row["label"] for row in rows])


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b", "a*a*a*a*a*a*a*a*$"])
def test_a_pattern_that_never_ends_is_ended(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("w2sg.supervisors.patterns.MOST_S", 0.2)
    with pytest.raises(
        DataError, match=r"rules\.0\.pattern needs more than 0\.2 s for 2 texts, got .*: repeat nothing"
    ):
        found(pattern, ["short", "a" * 400 + "c"], "rules.0.pattern")
    assert found("b+", ["a", "ab"], "rules.0.pattern").tolist() == [False, True]


def test_a_search_beside_the_main_thread_has_no_end_of_its_own() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(found, "b", ["a", "b"], "rules.0.pattern").result().tolist() == [False, True]
