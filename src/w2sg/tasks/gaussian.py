"""The closed-form world: Gaussian inputs, a linear truth with noise, and exact errors of every linear rule.

Inputs are `x ~ N(0, I_d)` and labels `y = 1[z > 0]` with `z = beta . x + sigma eps`, `eps ~ N(0, 1)`. Everything below
follows from one fact: for a unit vector `u` the pair `(u . x, z / sd(z))` is bivariate normal with correlation
`r = rho cos(u, beta)`, where `rho = |beta| / sqrt(|beta|^2 + sigma^2)`.
"""

from typing import Literal, final

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from w2sg.core import FloatArray, InputError, IntArray, derive, register
from w2sg.tasks.splits import Size, SplitTask
from w2sg.tasks.table import FREE, Table

GRID = 400
"""Points per axis at which `averaging_error` integrates: the error of the grid is below 1e-4."""
_FRESH_IDS = 2**62
"""Fresh rows get ids below this number, rows of a fixed test set from it on."""


@final
@register()
class Gaussian(SplitTask):
    """Gaussian inputs with a noisy linear truth, where every error has a closed form."""

    kind: Literal["gaussian"] = "gaussian"
    dimension: int = Field(20, ge=1, le=100_000, description="number of coordinates d")
    truth_length: float = Field(1.0, gt=0, description="length of the truth beta")
    noise: float = Field(0.5, ge=0, description="standard deviation sigma of the noise added to beta . x")
    decay: float = Field(0.5, ge=0, le=10, description="coordinate j (from 1) of beta is proportional to j ** -decay")
    fixed_test: bool = Field(False, description="whether the test set is the same under every seed")
    supervision: Size | None = Field(100, description="number of rows for the weak supervisor")
    transfer: Size | None = Field(400, description="number of rows it labels for the student")
    test: Size | None = Field(1000, description="number of rows for scoring")

    @property
    def default_supervisor(self) -> str:
        """What it is handicapped by fits these inputs."""
        return "few-features"

    @property
    def default_student(self) -> str:
        """A student that fits these inputs."""
        return "linear"

    @property
    def truth(self) -> FloatArray:
        """The vector beta, `(d,)`."""
        profile: FloatArray = np.arange(1, self.dimension + 1, dtype=np.float64) ** -self.decay
        return self.truth_length * profile / np.linalg.norm(profile)

    @property
    def rho(self) -> float:
        """The correlation of `beta . x` with the noisy score `z`."""
        return float(self.truth_length / np.hypot(self.truth_length, self.noise))

    def table(self, rng: np.random.Generator) -> Table:
        """Return freshly drawn rows; difficulty is `-|beta . x|`, so rows near the border are hard.

        Raises:
            InputError: If a size is a share: there is no number of rows to take it of.
        """
        counts = {name: self._count(name) for name in ("supervision", "transfer", "validation", "test")}
        fixed = counts["test"] if self.fixed_test else 0
        fresh = sum(counts.values()) - fixed
        # Fresh rows are new examples under every seed, and must not share an identity with another seed's or with the
        # fixed test rows.
        ids = int(rng.integers(_FRESH_IDS // 2)) + np.arange(fresh)
        x, y = self.sample(fresh, rng)
        if fixed:
            # Drawn from the world's parameters alone: seeds then differ in what was trained, not in what it was scored
            # on.
            more_x, more_y = self.sample(fixed, derive(0, "gaussian", "test", self._world))
            x, y = np.concatenate([x, more_x]), np.concatenate([y, more_y])
            ids = np.concatenate([ids, _FRESH_IDS + np.arange(fixed)])
        split = np.array([FREE] * fresh + ["test"] * fixed)
        # Without the noise of the label: difficulty must not tell which labels were flipped.
        columns = {"difficulty": -np.abs(x @ self.truth)}
        return Table.of(x, y, ("0", "1"), "task 'gaussian'", ids=ids, columns=columns, split=split)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Draw `n` rows: inputs `(n, d)` float32 and class numbers `(n,)`."""
        x = rng.standard_normal((n, self.dimension), dtype=np.float32)
        score = x @ self.truth + self.noise * rng.standard_normal(n)
        return x, (score > 0).astype(np.int64)

    def optimal_error(self) -> float:
        """Return the error of the best rule, `1[beta . x > 0]`: `arccos(rho) / pi`.

        Two standard normals with correlation `r` differ in sign with probability `arccos(r) / pi` (Sheppard 1899), and
        `beta . x` has the highest correlation with `z` among all functions of `x`, namely `rho`.

        >>> round(Gaussian(noise=1.0).optimal_error(), 12)
        0.25
        """
        return float(np.arccos(self.rho) / np.pi)

    def error_of(self, direction: ArrayLike, intercept: float = 0.0) -> float:
        """Return the exact error of the rule `1[w . x + b > 0]`.

        With `h = b / |w|` and `r = rho cos(w, beta)` the error is `P(U > -h, Z < 0) + P(U < -h, Z > 0)` for standard
        normals with correlation `r`. Since `P(U < -h, Z < 0) = Phi(-h) / 2 + T(h, r / sqrt(1 - r^2))` with Owen's `T`
        (Owen 1956), it is `1/2 - 2 T(h, r / sqrt(1 - r^2))`; at `h = 0` this is `arccos(r) / pi`.

        Args:
            direction: The vector `w`, `(d,)`; the zero vector answers with one class and errs half of the time.
            intercept: The number `b`.

        Raises:
            InputError: If the direction has another length than `d` or is not finite.

        >>> world = Gaussian(noise=0.0)
        >>> world.error_of(world.truth), round(world.error_of(world.truth, 1e9), 6)
        (0.0, 0.5)
        """
        from scipy.special import owens_t

        w = np.asarray(direction, dtype=np.float64)
        if w.shape != (self.dimension,) or not np.isfinite(w).all() or not np.isfinite(intercept):
            raise InputError(f"direction must hold {self.dimension} finite numbers, got shape {w.shape}")
        length = float(np.linalg.norm(w))
        if length == 0:
            return 0.5
        r = float(np.clip(self.rho * (w @ self.truth) / (length * self.truth_length), -1, 1))
        if intercept == 0:
            return float(np.arccos(r) / np.pi)
        # At correlation 1 the two signs agree or differ by the intercept alone, and Owen's function takes the limit.
        slope = r / np.sqrt(1 - r * r) if abs(r) < 1 else np.copysign(np.inf, r)
        return float(0.5 - 2 * owens_t(intercept / length, slope))

    def weak_error(self, columns: ArrayLike) -> float:
        """Return the error of the best rule that sees only some coordinates.

        Given `x_S`, the score `z` is normal with mean `beta_S . x_S`, so the best rule is its sign and its error is
        `arccos(|beta_S| / sqrt(|beta|^2 + sigma^2)) / pi`.

        Args:
            columns: Numbers of the coordinates, from 0.

        Raises:
            InputError: If a number is not a coordinate.

        >>> world = Gaussian(dimension=4, decay=0.0, noise=0.0)
        >>> round(world.weak_error([0, 1]), 6)
        0.25
        """
        index = np.unique(np.asarray(columns, dtype=np.int64))
        if len(index) and (index[0] < 0 or index[-1] >= self.dimension):
            raise InputError(f"columns must be numbers from 0 to {self.dimension - 1}, got {index.tolist()}")
        direction = np.zeros(self.dimension)
        direction[index] = self.truth[index]
        return self.error_of(direction)

    def averaging_error(self, n: int, flip: float = 0.0) -> float:
        """Return the expected error of the direction `mean(s x)` from `n` labels flipped with probability `flip`.

        Signs `s` are -1 or 1. For one row `E[s x] = m beta / |beta|` with `m = (1 - 2 flip) sqrt(2 / pi) rho`, and
        since `s^2 = 1` the covariance is exactly `I - m^2 bb^T` (`b = beta / |beta|`). So along `b` the mean has
        variance `(1 - m^2) / n`, and each of the `d - 1` other coordinates has variance `1 / n`. By the central limit
        theorem the direction has cosine `c = A / sqrt(A^2 + Q / n)` with `A ~ N(m, (1 - m^2) / n)` and an independent
        `Q ~ chi^2(d - 1)`. The value is `E[arccos(rho c) / pi]`, integrated on a grid of quantiles. Without the
        spread of `A` and `Q` it is `c = m / sqrt(m^2 + (d - 1) / n)`.

        Accuracy: the central limit step leaves an error of order `1 / n` (below 0.002 from n = 50 on in the tests).

        Args:
            n: Number of labelled rows, at least 1.
            flip: Probability in [0, 1] that a label is wrong, independent of everything else.

        Raises:
            InputError: If `n` or `flip` is out of range.
        """
        from scipy.special import chdtri, ndtri

        if n < 1 or not 0 <= flip <= 1:
            raise InputError(f"averaging_error needs n >= 1 and 0 <= flip <= 1, got n={n}, flip={flip}")
        m = (1 - 2 * flip) * np.sqrt(2 / np.pi) * self.rho
        # Midpoints of equal shares of probability: the mean over the grid of quantiles is the expectation.
        u = (np.arange(GRID) + 0.5) / GRID
        along = m + np.sqrt((1 - m * m) / n) * ndtri(u)[:, None]
        # chdtri inverts the upper tail, so the share above is given.
        across = chdtri(self.dimension - 1, 1 - u)[None, :] / n if self.dimension > 1 else np.zeros((1, 1))
        cosine = along / np.sqrt(along**2 + across)
        return float(np.mean(np.arccos(np.clip(self.rho * cosine, -1, 1))) / np.pi)

    def _count(self, split: str) -> int:
        size = getattr(self, split)
        if isinstance(size, float) or (size is None and split != "validation"):
            raise InputError(f"task 'gaussian': {split!r} must be a number of rows, got {size}: rows are drawn fresh")
        return int(size or 0)

    @property
    def _world(self) -> str:
        return f"{self.dimension} {self.truth_length!r} {self.noise!r} {self.decay!r}"
