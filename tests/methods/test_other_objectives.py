import numpy as np
from method_data import weak_labels

from w2sg.core import one_hot
from w2sg.methods import CrossEntropy, Product

CLOSE = 1e-9
"""Float64 sums; hard weak labels are floored at 1e-12, which moves a target by as much."""


def logits(n: int = 20, k: int = 3, seed: int = 1) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return 2 * np.random.default_rng(seed).normal(size=(n, k))


def test_cross_entropy_is_cross_entropy() -> None:
    weak, at = weak_labels(20).astype(np.float64), logits()
    expected = [
        -sum(w * (z - np.log(sum(np.exp(other) for other in row))) for w, z in zip(label, row, strict=True))
        for label, row in zip(weak.tolist(), at.tolist(), strict=True)
    ]
    np.testing.assert_allclose(CrossEntropy().value(weak, at, 0.3), expected, atol=CLOSE)


def test_hard_cross_entropy_learns_the_most_likely_class() -> None:
    weak, at = weak_labels(20).astype(np.float64), logits()
    one_hots = one_hot(weak.argmax(axis=1), 3).astype(np.float64)
    np.testing.assert_array_equal(
        CrossEntropy(labels="hard").gradient(weak, at, 0), CrossEntropy().gradient(one_hots, at, 0)
    )


def test_product_with_hard_labels_is_cross_entropy() -> None:
    weak, at = one_hot(np.arange(20) % 3, 3).astype(np.float64), logits() / 4
    for name in ("value", "gradient"):
        ours, plain = (getattr(objective, name)(weak, at, 0.5) for objective in (Product(), CrossEntropy()))
        np.testing.assert_allclose(ours, plain, atol=CLOSE)


def test_product_with_uniform_labels_leaves_the_student_alone() -> None:
    gradient = Product().gradient(np.full((20, 3), 1 / 3), logits(), 0.5)
    np.testing.assert_allclose(gradient, 0, atol=CLOSE)


def test_product_target_is_the_normalised_product() -> None:
    weak, at = weak_labels(20).astype(np.float64), logits()
    student = np.exp(at) / np.exp(at).sum(axis=1, keepdims=True)
    for alpha, beta in ((1.0, 1.0), (2.0, 0.5), (0.0, 1.0), (1.0, 0.0)):
        target = student**beta * weak**alpha
        target /= target.sum(axis=1, keepdims=True)
        found = Product(alpha=alpha, beta=beta).gradient(weak, at, 0.5)
        np.testing.assert_allclose(found, student - target, atol=1e-8)


def test_product_without_the_student_is_cross_entropy_and_does_not_move() -> None:
    weak, at = weak_labels(20).astype(np.float64), logits()  # rows sum to 1 in float32
    still = Product(beta=0)
    assert (still.moving, Product().moving) == (False, True)
    np.testing.assert_allclose(still.gradient(weak, at, 0.5), CrossEntropy().gradient(weak, at, 0.5), atol=1e-7)
