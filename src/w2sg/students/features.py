"""Feature maps: what a frozen body makes of an input. Fitted on the unlabelled corpus, never on labels.

A map's own randomness is a field (`seed`): the body is pretrained once and is the same under every seed of a study.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat, SerializeAsAny

from w2sg.core import (
    AnyArray,
    CapabilityError,
    Component,
    FloatArray,
    InputError,
    Inputs,
    SavedStudent,
    Student,
    component_field,
    contract,
    corpus_arrays,
    derive,
    register,
)
from w2sg.students.memo import Memo

Transform = Callable[[AnyArray], FloatArray]
"""Input values `(N, ...)` to features `(N, d)`."""

MEMO_BYTES = 1 << 30
"""Features are kept in memory up to this size, the least recently used go first."""


@contract("features")
class FeatureMap(Component):
    """A frozen body: inputs to features."""

    learns: ClassVar[bool] = True
    """Whether it learns from the corpus more than the shape of an input."""

    @abstractmethod
    def fit(self, corpus: AnyArray) -> Transform:
        """Learn from unlabelled input values `(N, ...)` and return the map."""

    @property
    def strength(self) -> float | None:
        """The number of features where that is a choice, else None."""
        return None

    def scaled(self, fraction: float) -> "FeatureMap":
        """Return this map with `fraction` of its features."""
        raise CapabilityError(f"features {self.kind!r} have no smaller versions of themselves: choose another map")


AnyFeatures = Annotated[SerializeAsAny[FeatureMap], *component_field(FeatureMap, "a feature map")]

_memo: Memo[FloatArray] = Memo(MEMO_BYTES)


def features(body: FeatureMap, corpus: Inputs, inputs: Inputs) -> FloatArray:
    """Return the features of inputs, `(n, d)` float32; each pool is transformed once per body and corpus."""

    def make() -> FloatArray:
        transformed = np.ascontiguousarray(body.fit(corpus.values)(inputs.pool.values), dtype=np.float32)
        if not np.isfinite(transformed).all():
            raise InputError(f"features {body.kind!r} are not finite on these inputs: look at the data's scale")
        return transformed

    # The whole pool is transformed once: splits, seeds and methods only differ in which rows they take.
    key = (body.digest(), body.fingerprint(), corpus.digest, inputs.pool.digest)
    rows: FloatArray = _memo.get(key, make, lambda transformed: int(transformed.nbytes))[inputs.rows]
    return rows


def flat(values: AnyArray) -> FloatArray:
    """Return numeric inputs as rows `(N, d)` float32."""
    if values.dtype == object:
        raise InputError("this feature map reads numbers, and the inputs are text: use features 'tfidf'")
    return np.asarray(values.reshape(len(values), -1), dtype=np.float32)


class _Sized(FeatureMap):
    """A map whose number of features is a choice."""

    count: int = Field(400, ge=1, description="number of features")
    seed: int = Field(0, ge=0, description="randomness of the body; the same under every seed of a study")

    @property
    def strength(self) -> float:
        """The number of features."""
        return float(self.count)

    def scaled(self, fraction: float) -> Self:
        """Return this map with `fraction` of its features, at least one."""
        return self.model_copy(update={"count": max(1, round(self.count * fraction))})


@register()
class Raw(FeatureMap):
    """The input's own numbers, flattened."""

    learns: ClassVar[bool] = False

    kind: Literal["raw"] = "raw"

    def fit(self, corpus: AnyArray) -> Transform:
        """Learn nothing."""
        return flat


@register()
class Pooled(FeatureMap):
    """Images averaged down to `size` by `size` pixels."""

    learns: ClassVar[bool] = False

    kind: Literal["pooled"] = "pooled"
    size: int = Field(4, ge=1, description="side of the pooled image, in pixels; divides the image's sides")

    def fit(self, corpus: AnyArray) -> Transform:
        """Learn nothing; refuse inputs that are not images of a fitting size."""
        shape = corpus.shape[1:]
        if len(shape) != 2 or shape[0] % self.size or shape[1] % self.size:
            raise InputError(f"features.size must divide both sides of an image, got {self.size} for inputs of {shape}")
        blocks = (self.size, shape[0] // self.size, self.size, shape[1] // self.size)
        return lambda values: flat(values.reshape(-1, *blocks).mean(axis=(2, 4)))


@register()
class Columns(FeatureMap):
    """Some of the input's columns, drawn once or listed."""

    learns: ClassVar[bool] = False

    kind: Literal["columns"] = "columns"
    share: float = Field(0.3, gt=0, le=1, description="share of the columns, drawn by `seed`")
    listed: tuple[int, ...] | None = Field(None, description="these columns instead of a drawn share")
    seed: int = Field(0, ge=0)

    def fit(self, corpus: AnyArray) -> Transform:
        """Choose the columns."""
        d = flat(corpus[:1]).shape[1]
        if self.listed is not None:
            if not self.listed or not all(0 <= column < d for column in self.listed):
                raise InputError(f"features.listed must name columns 0 to {d - 1}, got {self.listed}")
            chosen = np.array(self.listed)
        else:
            # The permutation is cut, so that under one seed a smaller share of columns is part of a larger one.
            chosen = np.sort(derive(self.seed, "columns").permutation(d)[: max(1, round(d * self.share))])
        return lambda values: flat(values)[:, chosen]


@register()
class Pca(_Sized):
    """The leading principal components of the corpus."""

    kind: Literal["pca"] = "pca"
    count: int = Field(20, ge=1, description="number of components")

    def fit(self, corpus: AnyArray) -> Transform:
        """Find the components of the centred corpus."""
        x = flat(corpus).astype(np.float64)
        mean = x.mean(axis=0)
        # Of a symmetric matrix eigh is exact and gives ascending order; the d x d matrix is small where PCA is of use.
        _, vectors = np.linalg.eigh((x - mean).T @ (x - mean))
        axes = vectors[:, ::-1][:, : self.count]
        return lambda values: (flat(values) - mean) @ axes


@register()
class RandomRelu(_Sized):
    """Random ReLU features: a frozen random hidden layer, `relu(x w / sqrt(d) + b)`."""

    kind: Literal["random-relu"] = "random-relu"

    def fit(self, corpus: AnyArray) -> Transform:
        """Draw the layer; the corpus gives the scale of the inputs."""
        x = flat(corpus)
        rng = derive(self.seed, "random-relu")
        mean, scale = x.mean(axis=0), max(float(x.std()), 1e-12)
        # Divided by the inputs' scale and by sqrt(d), so that preactivations are of order 1 whatever the data are.
        weights = rng.normal(size=(x.shape[1], self.count)) / (scale * np.sqrt(x.shape[1]))
        bias = rng.normal(size=self.count) * 0.5
        return lambda values: np.maximum((flat(values) - mean) @ weights + bias, 0) * np.sqrt(2 / self.count)


class _Kernel(_Sized):
    """Features of the Gaussian kernel `exp(-gamma |x - y|^2)`."""

    gamma: PositiveFloat | Literal["scale"] = Field("scale", description="kernel width; 'scale' is 1 / (d * variance)")

    def width(self, x: FloatArray) -> float:
        """Return gamma for a corpus `(N, d)`."""
        if not isinstance(self.gamma, str):
            return float(self.gamma)
        return float(1 / max(x.shape[1] * x.var(), 1e-12))


@register()
class RandomFourier(_Kernel):
    """Random Fourier features of the Gaussian kernel (Rahimi and Recht 2007)."""

    kind: Literal["random-fourier"] = "random-fourier"

    def fit(self, corpus: AnyArray) -> Transform:
        """Draw the frequencies."""
        x = flat(corpus)
        rng = derive(self.seed, "random-fourier")
        # By Bochner's theorem the kernel is the characteristic function of its spectral density, here a normal
        # distribution of variance 2 gamma.
        frequencies = rng.normal(size=(x.shape[1], self.count)) * np.sqrt(2 * self.width(x))
        phase = rng.uniform(0, 2 * np.pi, size=self.count)
        return lambda values: np.cos(flat(values) @ frequencies + phase) * np.sqrt(2 / self.count)


@register()
class Nystroem(_Kernel):
    """Nystroem features of the Gaussian kernel: landmarks drawn from the corpus (Williams and Seeger 2001)."""

    kind: Literal["nystroem"] = "nystroem"

    def fit(self, corpus: AnyArray) -> Transform:
        """Draw at most `count` landmarks and whiten their kernel."""
        x = flat(corpus)
        gamma = self.width(x)
        rows = derive(self.seed, "nystroem").permutation(len(x))[: self.count]
        landmarks = x[np.sort(rows)]
        eigenvalues, vectors = np.linalg.eigh(_gaussian(landmarks, landmarks, gamma).astype(np.float64))
        # Landmarks that nearly coincide give eigenvalues of rounding size, whose inverse roots would blow noise up.
        keep = eigenvalues > 1e-7 * eigenvalues[-1]
        whiten = ((vectors[:, keep] / np.sqrt(eigenvalues[keep])) @ vectors[:, keep].T).astype(np.float32)
        return lambda values: _gaussian(flat(values), landmarks, gamma) @ whiten


def _gaussian(x: FloatArray, y: FloatArray, gamma: float) -> FloatArray:
    # Expanding the square costs one matrix product; rounding may then leave a distance just below 0.
    squared = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T
    return np.asarray(np.exp(-gamma * np.maximum(squared, 0)), dtype=np.float32)


@register()
class TfIdf(FeatureMap):
    """TF-IDF of the most frequent terms; of a pair, the difference or both sides."""

    kind: Literal["tfidf"] = "tfidf"
    terms: int = Field(2000, ge=1, description="number of terms, the most frequent of the corpus")
    ngrams: int = Field(1, ge=1, le=3, description="up to this many words to a term")
    pair: Literal["difference", "concatenation"] = Field("difference", description="how two texts become one row")

    @property
    def strength(self) -> float:
        """The number of terms."""
        return float(self.terms)

    def scaled(self, fraction: float) -> "TfIdf":
        """Return this map with `fraction` of its terms."""
        return self.model_copy(update={"terms": max(1, round(self.terms * fraction))})

    def known_words(self, corpus: AnyArray) -> frozenset[str]:
        """Return the terms that it chooses on a corpus: it is blind to all others."""
        return frozenset(self._chosen(corpus).vocabulary_)

    def _chosen(self, corpus: AnyArray) -> Any:
        """Return the vectoriser with its terms and their weights from the corpus."""
        if corpus.dtype != object:
            raise InputError("features 'tfidf' read text, and the inputs are numbers: use features 'raw' or 'nystroem'")
        from sklearn.feature_extraction.text import TfidfVectorizer

        model = TfidfVectorizer(max_features=self.terms, ngram_range=(1, self.ngrams), sublinear_tf=True)
        # Both texts of a pair are documents of the corpus; which of them stands first tells nothing of terms.
        return model.fit(corpus.ravel())

    def fit(self, corpus: AnyArray) -> Transform:
        """Choose the terms and their weights on the corpus."""
        model = self._chosen(corpus)

        def transform(values: AnyArray) -> FloatArray:
            if values.ndim == 1:
                return np.asarray(model.transform(values).toarray(), dtype=np.float32)
            left, right = (model.transform(values[:, side]).toarray() for side in (0, 1))
            # A difference changes its sign when a pair is swapped, as its label does; a concatenation does not, and
            # methods that contrast a pair with its swap need that.
            joined = left - right if self.pair == "difference" else np.concatenate([left, right], axis=1)
            return np.asarray(joined, dtype=np.float32)

        return transform


def saved_on(body: FeatureMap, kind: str, corpus: Inputs, arrays: Mapping[str, AnyArray]) -> SavedStudent:
    """Return a trained student of a kind as arrays, with the corpus where its body has learned from it."""
    seen = corpus if body.learns else corpus.take(np.arange(1))
    student = {"kind": kind, "features": body.model_dump(mode="json")}
    return SavedStudent(student, {**arrays, **corpus_arrays(seen)})


class FeatureStudent(Student):
    """A student that reads its inputs through a feature map."""

    features: AnyFeatures = Field(default=Raw(), description="what the student reads of its inputs: its frozen body")

    @property
    def body(self) -> FeatureMap:
        """Its feature map."""
        return self.features

    def embed(self, corpus: Inputs, inputs: Inputs) -> FloatArray:
        """Return the features that the student reads, `(n, d)`."""
        return features(self.features, corpus, inputs)


class FrozenBodyStudent(FeatureStudent):
    """A student whose features stay as they are: only a linear map on them is learned, so its body is its strength."""

    @property
    def capabilities(self) -> frozenset[str]:
        """Features, and smaller versions where the number of features is a choice."""
        scale = frozenset() if self.features.strength is None else frozenset({"scale"})
        return frozenset({"represent", "embed"}) | scale

    @property
    def strength(self) -> float | None:
        """The number of features, where that is a choice."""
        return self.features.strength

    @property
    def body_frozen(self) -> bool:
        """The map on the features alone is fitted."""
        return True

    def scaled(self, fraction: float) -> Self:
        """Return the same student on a smaller body."""
        return self.model_copy(update={"features": self.features.scaled(fraction)})
