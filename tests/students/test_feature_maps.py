from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from head_data import ONE_THREAD
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import rbf_kernel

from w2sg.core import AnyArray, FloatArray, InputError, Inputs, Pool, registry
from w2sg.students import FeatureMap, features
from w2sg.students.features import Transform

KERNEL = 2e-3
"""Nystroem in float32: inverting the landmarks' kernel grows 1e-7 by its condition, cut at 1e7 (square root: 3e3)."""
SPREAD = 4.5
"""Standard errors that the average of random features may miss the kernel by."""


def body(spec: Any) -> FeatureMap:
    built = registry.build("features", spec)
    assert isinstance(built, FeatureMap)
    return built


def made(spec: Any, corpus: AnyArray, values: AnyArray | None = None) -> FloatArray:
    with ONE_THREAD():
        return body(spec).fit(corpus)(corpus if values is None else values)


@pytest.fixture(scope="module")
def images() -> AnyArray:
    return np.asarray(load_digits().images[:400] / 16, dtype=np.float32)


@pytest.fixture(scope="module")
def pixels(images: AnyArray) -> FloatArray:
    return images.reshape(len(images), -1)


def test_nystroem_approximates_the_kernel_as_scikit_learn_does(pixels: FloatArray) -> None:
    """Landmarks differ (each draws its own), so compare how well each reproduces the kernel of other examples."""
    from sklearn.kernel_approximation import Nystroem

    gamma, exact = 0.05, rbf_kernel(pixels[200:], gamma=0.05)
    ours = made({"kind": "nystroem", "count": 80, "gamma": gamma}, pixels[:200], pixels[200:])
    theirs = Nystroem(gamma=gamma, n_components=80, random_state=0).fit(pixels[:200]).transform(pixels[200:])
    error, peer = (np.abs(z @ z.T - exact).mean() for z in (ours, theirs))
    assert error < 1.1 * peer


def test_nystroem_with_the_same_landmarks_is_scikit_learns(pixels: FloatArray) -> None:
    from sklearn.kernel_approximation import Nystroem

    landmarks = pixels[:90]  # all of the corpus, so both have the same
    ours = made({"kind": "nystroem", "count": 90, "gamma": 0.3}, landmarks, pixels)
    theirs = Nystroem(gamma=0.3, n_components=90, random_state=0).fit(landmarks).transform(pixels)
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, rtol=0, atol=KERNEL)
    assert ours.shape == (len(pixels), 90)


def test_nystroem_is_exact_on_its_landmarks(pixels: FloatArray) -> None:
    z = made({"kind": "nystroem", "count": 400, "gamma": 0.2}, pixels)
    np.testing.assert_allclose(z @ z.T, rbf_kernel(pixels, gamma=0.2), rtol=0, atol=KERNEL)


def test_random_fourier_features_average_to_the_kernel(pixels: FloatArray) -> None:
    x, count = pixels[:60], 20_000
    z = made({"kind": "random-fourier", "count": count, "gamma": 0.05}, x)
    assert np.abs(z @ z.T - rbf_kernel(x, gamma=0.05)).max() < SPREAD * np.sqrt(1.5 / count)  # variance of 2 cos cos


def test_the_width_scale_is_scikit_learns(pixels: FloatArray) -> None:
    expected = 1 / (pixels.shape[1] * pixels.var())
    wide, set_by_hand = ({"kind": "nystroem", "count": 30, "gamma": gamma} for gamma in ("scale", float(expected)))
    np.testing.assert_allclose(made(wide, pixels), made(set_by_hand, pixels), atol=1e-4)


def test_random_relu_is_a_positive_layer_of_its_own_seed(pixels: FloatArray) -> None:
    z = made({"kind": "random-relu", "count": 500}, pixels)
    assert (z >= 0).all()
    assert 0.2 < (z > 0).mean() < 0.8
    assert 0.1 < (z**2).sum(axis=1).mean() < 10  # of order 1 whatever the count
    other = made({"kind": "random-relu", "count": 500, "seed": 1}, pixels)
    assert (z != other).any()


def test_pca_is_scikit_learns_up_to_sign(pixels: FloatArray) -> None:
    ours, theirs = made({"kind": "pca", "count": 12}, pixels), PCA(12, svd_solver="full").fit_transform(pixels)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), rtol=0, atol=1e-4)


def test_pooled_is_the_mean_of_blocks(images: AnyArray) -> None:
    z = made({"kind": "pooled", "size": 4}, images)
    assert z.shape == (400, 16)
    np.testing.assert_allclose(z[7, 5], images[7, 2:4, 2:4].mean(), rtol=1e-6)
    with pytest.raises(
        InputError, match=r"features.size must divide both sides of an image, got 3 for inputs of \(8, 8\)"
    ):
        made({"kind": "pooled", "size": 3}, images)
    with pytest.raises(InputError, match=r"got 4 for inputs of \(64,\)"):
        made({"kind": "pooled"}, images.reshape(400, 64))


def test_columns_are_a_share_or_a_list(pixels: FloatArray) -> None:
    np.testing.assert_array_equal(made({"kind": "columns", "listed": [3, 60]}, pixels), pixels[:, [3, 60]])
    drawn = made({"kind": "columns", "share": 0.25}, pixels)
    assert drawn.shape == (400, 16)
    assert all((drawn[:, [j]] == pixels).all(axis=0).any() for j in range(16))
    for listed in ([64], [-1], []):
        with pytest.raises(InputError, match="features.listed must name columns 0 to 63, got"):
            made({"kind": "columns", "listed": listed}, pixels)


TEXTS = np.array(["a good film", "a bad film", "good good", "so so bad"], dtype=object)


def test_tfidf_is_scikit_learns() -> None:
    expected = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)).fit(TEXTS).transform(TEXTS).toarray()
    np.testing.assert_allclose(made({"kind": "tfidf", "ngrams": 2}, TEXTS), expected, rtol=1e-6)
    assert made({"kind": "tfidf", "terms": 2}, TEXTS).shape == (4, 2)


def test_a_pair_is_a_difference_or_both_sides() -> None:
    pairs = np.stack([TEXTS, TEXTS[::-1]], axis=1)
    one = TfidfVectorizer(sublinear_tf=True).fit(pairs.ravel()).transform(TEXTS).toarray()
    np.testing.assert_allclose(made("tfidf", pairs), one - one[::-1], rtol=1e-6)
    np.testing.assert_allclose(made("tfidf", pairs[:, ::-1], pairs[:, ::-1]), one[::-1] - one, rtol=1e-6)
    both = made({"kind": "tfidf", "pair": "concatenation"}, pairs)
    np.testing.assert_allclose(both, np.concatenate([one, one[::-1]], axis=1), rtol=1e-6)


def test_text_and_numbers_are_not_confused(pixels: FloatArray) -> None:
    with pytest.raises(InputError, match="features 'tfidf' read text, and the inputs are numbers"):
        made("tfidf", pixels)
    with pytest.raises(InputError, match="reads numbers, and the inputs are text: use features 'tfidf'"):
        made("nystroem", TEXTS)


class Counted(FeatureMap):
    """Counts its fits and the rows it transforms."""

    kind: Literal["counted"] = "counted"
    scale: float = 1.0
    calls: ClassVar[list[int]] = []

    def fit(self, corpus: AnyArray) -> Transform:
        def transform(values: AnyArray) -> FloatArray:
            self.calls.append(len(values))
            return np.asarray(values * self.scale, dtype=np.float32)

        return transform


def test_features_are_computed_once_for_each_pool_body_and_corpus() -> None:
    rng = np.random.default_rng(0)
    pool, far = Pool(rng.normal(size=(50, 3))), Pool(rng.normal(size=(20, 3)))
    corpus = Inputs(pool, np.arange(50))
    Counted.calls.clear()
    for rows in (np.arange(10), np.arange(10, 50), np.array([4, 4, 1])):
        found = features(Counted(), corpus, Inputs(pool, rows))
        np.testing.assert_allclose(found, pool.values[rows], rtol=1e-6)
    again = Inputs(Pool(pool.values), np.arange(5))  # the same contents in another object
    features(Counted(), Inputs.of(pool.values), again)
    assert Counted.calls == [50]
    features(Counted(), corpus, Inputs(far, np.arange(20)))
    features(Counted(scale=2), corpus, corpus)
    features(Counted(), corpus.take(np.arange(30)), corpus)
    assert Counted.calls == [50, 20, 50, 50]


def test_features_that_are_not_finite_are_refused() -> None:
    inputs = Inputs.of(np.array([[1.0], [1e300]]))
    with np.errstate(over="ignore"), pytest.raises(InputError, match="'counted' are not finite on these inputs"):
        features(Counted(scale=1e10), inputs, inputs)
