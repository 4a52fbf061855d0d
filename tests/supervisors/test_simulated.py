from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from supervisor_data import Data, blobs, digits, examples_of, label, supervision_of

from w2sg.core import (
    AnyArray,
    ConfigError,
    DataError,
    InputError,
    IntArray,
    Supervision,
    WrittenAnswers,
    check_soft_labels,
    derive,
)
from w2sg.core.registry import build, lookup
from w2sg.supervisors import Simulated
from w2sg.supervisors.geometry import fit_geometry
from w2sg.supervisors.simulated import n_errors
from w2sg.supervisors.structures import STRUCTURES, StructureName

NAMES: tuple[StructureName, ...] = get_args(StructureName)


def separability(x: AnyArray, wrong: AnyArray) -> float:
    """Balanced accuracy of a linear rule that tells wrong from right, on the other half."""
    half = len(x) // 2
    z = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-9)
    model = LogisticRegression(class_weight="balanced", max_iter=500).fit(z[:half], wrong[:half])
    guess = model.predict(z[half:])
    return float(np.mean([(guess[wrong[half:] == side] == side).mean() for side in (False, True)]))


def auc(score: AnyArray, wrong: AnyArray) -> float:
    """The chance that a wrong example scores higher than a right one."""
    return float((score[wrong][:, None] > score[~wrong][None]).mean())


def errors(structure: StructureName, data: Data, on: Data, k: int, accuracy: float = 0.7) -> AnyArray:
    weak = label(Simulated(accuracy=accuracy, structure=structure), *data, k, fitted_on=on)
    return np.asarray(weak.argmax(axis=1) != data[1])


def test_every_structure_has_a_function_and_a_preset() -> None:
    assert set(STRUCTURES) == set(NAMES)
    for name in NAMES:
        made = build("supervisors", f"simulated-{name}")
        assert isinstance(made, Simulated)
        assert (made.structure, made.accuracy, made.simulates) == (name, 0.8, True)
        assert lookup("supervisors", f"simulated-{name}").summary


@settings(max_examples=60, deadline=None)
@given(
    structure=st.sampled_from(NAMES),
    n=st.integers(1, 90),
    accuracy=st.floats(0.01, 1.0),
    k=st.integers(2, 4),
    seed=st.integers(0, 99),
)
def test_accuracy_is_met_exactly_on_every_split(
    structure: StructureName, n: int, accuracy: float, k: int, seed: int
) -> None:
    examples, gold = blobs(n, k, seed=seed)
    weak = label(Simulated(accuracy=accuracy, structure=structure), examples, gold, k, seed, fitted_on=blobs(60, k))
    check_soft_labels(weak, n, k)
    assert (weak.argmax(axis=1) != gold).sum() == n_errors(accuracy, n) == round((1 - accuracy) * n)


@pytest.mark.parametrize("structure", NAMES)
def test_labels_depend_on_the_generator_alone(structure: StructureName) -> None:
    data = blobs(100)
    supervisor = Simulated(accuracy=0.6, structure=structure)
    first, again, other = (label(supervisor, *data, 3, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    if structure != "adversarial":  # its errors follow from the data
        assert (first != other).any()


def test_confidence_is_calibrated_unless_chosen() -> None:
    data = blobs(20)
    shown = {name: float(label(Simulated(accuracy=0.7, structure=name), *data, 3).max()) for name in NAMES}
    assert shown == pytest.approx(dict.fromkeys(NAMES, 0.7) | {"overconfident": 0.99})
    assert label(Simulated(confidence=0.6), *data, 3).max() == pytest.approx(0.6)
    assert label(Simulated(accuracy=0.2), *data, 3).max() == pytest.approx(1 / 3 + 0.01)
    np.testing.assert_array_equal(np.unique(label(Simulated(accuracy=1), *data, 3)), [0, 1])


def test_confusion_uses_one_map_on_every_split() -> None:
    on, transfer, test = blobs(50), blobs(300, seed=1), blobs(200, seed=2)
    labeller = Simulated(accuracy=0.5, structure="confusion").fit(supervision_of(on, 3), derive(0, "fit"))
    maps = []
    for examples, gold in (transfer, test):
        given_ = labeller.label(examples, gold, derive(0, "label")).named
        pairs = {(int(g), int(w)) for g, w in zip(gold, given_, strict=True) if g != w}
        assert len(pairs) == 3
        maps.append(pairs)
    assert maps[0] == maps[1]
    weak = label(Simulated(accuracy=0.5, structure="confusion", confuse=(1, 2, 0)), *transfer, 3).argmax(axis=1)
    assert set(np.unique((weak - transfer[1]) % 3)) == {0, 1}


def test_uniform_errors_reach_every_wrong_class() -> None:
    examples, gold = blobs(3000)
    weak = label(Simulated(accuracy=0.4), examples, gold, 3).argmax(axis=1)
    shift = np.bincount((weak - gold) % 3)
    assert shift[0] == 1200
    assert abs(shift[1] - shift[2]) < 4 * np.sqrt(1800)


def test_region_errors_are_linearly_separable_and_others_are_not() -> None:
    on, data = blobs(300), blobs(1000, seed=1)
    separable = {name: separability(data[0].inputs.values, errors(name, data, on, 3)) for name in NAMES}
    assert separable["region"] > 0.95
    assert abs(separable["uniform"] - 0.5) < 0.1
    assert abs(separable["confusion"] - 0.5) < 0.1


def test_regions_of_two_splits_agree() -> None:
    on, first, second = blobs(300), blobs(1000, seed=1), blobs(1000, seed=2)
    wrong = [errors("region", data, on, 3) for data in (first, second)]
    x = [data[0].inputs.values / 10.0 ** np.arange(6) for data in (first, second)]
    model = LogisticRegression(C=100, max_iter=2000).fit(x[0], wrong[0])
    assert model.score(x[1], wrong[1]) > 0.95


def test_stored_difficulty_decides_where_errors_fall() -> None:
    rng = np.random.default_rng(0)
    (examples, gold), level = blobs(1000), rng.random(1000)
    examples = examples_of(examples.inputs.values, difficulty=level)
    wrong = errors("difficulty", (examples, gold), (examples, gold), 3, accuracy=0.8)
    assert auc(level, wrong) > 0.8
    assert level[~wrong].max() > 0.95  # a chance, not a threshold


def test_margins_tell_difficulty_from_adversarial_from_uniform() -> None:
    on, data = blobs(300), blobs(1000, seed=1)
    rule = fit_geometry(supervision_of(on, 3), np.random.default_rng(0))
    margin, _ = rule.nearest_other(data[0].inputs, data[1])
    score = {name: auc(margin, errors(name, data, on, 3)) for name in NAMES}
    assert score["difficulty"] < 0.3
    assert 0.4 < score["uniform"] < 0.6
    assert score["adversarial"] > 0.9


def test_adversarial_errors_are_shared_by_the_classes() -> None:
    on, (examples, gold) = blobs(300), blobs(1000, seed=1)
    wrong = errors("adversarial", (examples, gold), on, 3, accuracy=0.7)
    shares = np.bincount(gold[wrong], minlength=3) / np.bincount(gold, minlength=3)
    assert np.abs(shares - 0.3).max() < 0.01


def test_centroid_rule_reads_columns_of_any_scale_images_and_texts() -> None:
    on, data = blobs(500, spread=4), blobs(500, seed=1, spread=4)
    rule = fit_geometry(supervision_of(on, 3), np.random.default_rng(0))
    assert (rule.scores(data[0].inputs).argmax(axis=1) == data[1]).mean() > 0.95
    (seen, seen_gold), (images, gold) = digits()
    rule = fit_geometry(supervision_of((seen, seen_gold), 10), np.random.default_rng(0))
    assert (rule.scores(images.inputs).argmax(axis=1) == gold).mean() > 0.85
    words, gold = texts(400)
    rule = fit_geometry(supervision_of((words, gold), 2), np.random.default_rng(0))
    assert (rule.scores(words.inputs).argmax(axis=1) == gold).mean() > 0.9


def texts(n: int, pairs: bool = False) -> Data:
    """Texts of six words, of which two tell the class."""
    rng = np.random.default_rng(0)
    gold = rng.integers(2, size=n)
    common = np.array([f"word{i}" for i in range(30)])
    told = np.array([[f"good{i}" for i in range(5)], [f"bad{i}" for i in range(5)]])
    values = [" ".join([*rng.choice(common, 4), *rng.choice(told[g], 2)]) for g in gold]
    rows = np.array([[v, "same"] for v in values] if pairs else values, dtype=object)
    return examples_of(rows, group=np.arange(n) % 4), gold


@pytest.mark.parametrize("structure", NAMES)
@pytest.mark.parametrize("pairs", [False, True])
def test_texts_are_labelled_too(structure: StructureName, pairs: bool) -> None:
    data = texts(50, pairs)
    assert errors(structure, data, data, 2, accuracy=0.8).sum() == 10


def test_a_class_missing_from_supervision_does_no_harm() -> None:
    examples, gold = blobs(200, k=3)
    seen = np.flatnonzero(gold < 2)
    on = (examples.take(seen), gold[seen])
    for name in NAMES:
        assert errors(name, (examples, gold), on, 3, accuracy=0.9).sum() == 20


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"accuracy": 1.2}, "accuracy: input should be less than or equal to 1, got 1.2"),
        ({"accuracy": 0}, "accuracy: input should be greater than 0"),
        ({"structure": "random"}, "structure: input should be 'uniform'"),
        ({"structure": "confusion", "confuse": [0, 1]}, "confuse: must give each class one other class"),
        ({"confuse": [1, 0]}, "confuse: must be left out unless structure is 'confusion' or 'region', got 'uniform'"),
        ({"flavour": 1}, "flavour: no such field"),
    ],
)
def test_bad_fields_are_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build("supervisors", {"kind": "simulated", **fields})


def test_bad_use_is_explained() -> None:
    examples, gold = blobs(30)
    labeller = Simulated().fit(supervision_of((examples, gold), 3), derive(0, "fit"))
    with pytest.raises(InputError, match="needs the gold of the 30 examples it labels, got none: release it"):
        labeller.label(examples, None, derive(0, "label"))
    with pytest.raises(InputError, match=r"got shape \(29,\)"):
        labeller.label(examples, gold[1:], derive(0, "label"))
    with pytest.raises(InputError, match="at least 2 classes to err, got 0"):
        Simulated().fit(Supervision(examples, gold, WrittenAnswers(), examples.inputs), derive(0, "fit"))
    with pytest.raises(InputError, match="one class for each of the 3 classes, got 2"):
        label(Simulated(structure="region", confuse=(1, 0)), examples, gold, 3)
    with pytest.raises(InputError, match=r"confidence must be above chance \(1/3\).*got 0.3"):
        label(Simulated(confidence=0.3), examples, gold, 3)
    with pytest.raises(InputError, match="needs supervision examples, got none"):
        label(Simulated(structure="region"), examples, gold, 3, fitted_on=(examples.take(np.arange(0)), gold[:0]))


def test_bad_inputs_are_explained() -> None:
    (examples, gold), none = blobs(30), np.full(30, np.nan)
    with pytest.raises(InputError, match="inputs must be finite"):
        label(Simulated(structure="region"), examples_of(np.full((30, 2), np.nan)), gold, 3)
    with_level = examples_of(examples.inputs.values, difficulty=np.arange(30))
    difficulty = Simulated(structure="difficulty")
    with pytest.raises(DataError, match="'difficulty' must be stored with every split"):
        label(difficulty, examples, gold, 3, fitted_on=(with_level, gold))
    with pytest.raises(DataError, match="'difficulty' must be finite numbers"):
        label(difficulty, examples_of(examples.inputs.values, difficulty=none), gold, 3)
    words: IntArray = np.array(["hard"] * 30)
    with pytest.raises(DataError, match="'difficulty' must be numbers"):
        label(difficulty, examples_of(examples.inputs.values, difficulty=words), gold, 3)
