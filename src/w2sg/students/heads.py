"""The head trainer: many linear softmax heads at once, each pulled by an objective whose target may move with it.

One head minimises `sum_i w_i loss_i(x_i W' + b) + |W|^2 / (2 C)`, scikit-learn's scaling of `C` (with two classes it
penalises one vector where a softmax has two, so its `C` is `2 C` here), by Nesterov's
accelerated gradient with adaptive restart (O'Donoghue and Candes, arXiv:1204.3982) in coordinates where the quadratic
upper bound of Boehning and Lindsay (1988) on the softmax Hessian, `1/2 X'X`, plus the penalty is the identity. In them
the step size is 1, no line search is needed, and some 25 steps reach the optimum of a convex objective. And since bound
and penalty add up to the identity, a step is `v_new = (W (logits / 2 - gradient))' Z`, with no product for the penalty.

All heads on the same rows share their whitened features `Z`, so a step of `m` heads is two matrix products of `m k`
rows. The floor of a step is their `4 m k n d` operations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2sg.core import (
    BoolArray,
    CurveWriter,
    DivergedError,
    FloatArray,
    InputError,
    IntArray,
    Objective,
    Stopping,
    TrainingCurve,
)
from w2sg.students.memo import Memo

RELATIVE_RANK = 1e-7
"""What float32 cannot tell from 0. Directions of the Gram matrix below this share of the largest are dropped, and the
penalty of a feature is at least this share of its own curvature for each feature there is, whatever its scale."""

KEPT_BYTES = 1 << 28
"""Whitened features of named rows are kept up to this size, for methods that train in several stages."""

ADVICE = "look at the scale of the features, and at objective {!r}"
"""What to do where the training of a head diverges."""


@dataclass(eq=False)
class Head:
    """One head to train.

    Attributes:
        x: Features `(n, d)` float32; heads with the same array object share work.
        targets: Soft labels `(n, k)`.
        weights: Example weights `(n,)`, or None for all 1.
        objective: The loss.
        stopping: The stopping rule.
        watched: Features `(v, d)` and soft labels `(v, k)` for the stopping rule, or None.
        steps: Exactly this many steps, or None to stop at convergence.
        rows: A name that belongs to these features alone; what is made of them is then kept for later calls.
    """

    x: FloatArray
    targets: FloatArray
    objective: Objective
    stopping: Stopping
    weights: FloatArray | None = None
    watched: tuple[FloatArray, FloatArray] | None = None
    steps: int | None = None
    rows: str | None = None


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """Coefficients `(k, d)`, intercepts `(k,)`, and the step that they come from.

    Attributes:
        curve: How the training went; its rate is the length of a step where the curvature is 1, and its gradient is
            that of the mean loss with the penalty in these coordinates.
        diverged: Why the head is none, where its training diverged.
    """

    coefficients: FloatArray
    intercepts: FloatArray
    steps: int
    curve: TrainingCurve | None = None
    diverged: DivergedError | None = None


class _Design:
    """Features in the coordinates of the quadratic bound, shared by all heads on the same rows and weights.

    With `G = X'WX / 2 + penalty = LL'` and `Z = X L'^-1`, a head `v = w L` has the penalty's gradient `v - v Z'WZ / 2`.
    """

    def __init__(self, x: FloatArray, weights: FloatArray | None, c: float, rows: str | None = None) -> None:
        from scipy.linalg.lapack import dpotrf, dtrtri

        self.mean = x.mean(axis=0)
        # With more features than rows the penalised optimum lies in the row space of the features: working there turns
        # a d x d factorisation into an n x n one and changes nothing else.
        self.basis = None
        if x.shape[1] > x.shape[0]:
            centred = x - self.mean
            self.basis = (
                _row_space(centred)
                if rows is None
                else _bases.get(rows, lambda: _row_space(centred), lambda basis: int(basis.nbytes))
            )
        x = self._rows(x)
        weighted = x if weights is None else x * np.sqrt(weights, dtype=np.float32)[:, None]
        # The softmax Hessian of one head is at most X'WX / 2 (Boehning and Lindsay), whatever the logits. So this
        # matrix, with the penalty, is a curvature that no step can underestimate.
        bound = 0.5 * (weighted.T @ weighted).astype(np.float64)
        floor = RELATIVE_RANK * len(bound) * np.diag(bound)
        # The intercept goes unpenalised in the loss; what it gets here is only what keeps the factorisation from
        # failing. The same floor keeps features that are copies of each other from doing so.
        penalty = np.append(np.maximum(1 / c, floor[:-1]), RELATIVE_RANK * bound[-1, -1])
        bound[np.diag_indices_from(bound)] += penalty
        lower, info = dpotrf(bound, lower=1, overwrite_a=1)
        if info:
            raise InputError("the features are too badly scaled for a linear head: standardise them or lower c")
        # The triangular inverse is wanted whole, not a solve: each step multiplies by it, and so do coefficients at the
        # end.
        inverse, _ = dtrtri(lower, lower=1, overwrite_c=1)
        # The factorisation is done once in double precision; all steps after it are in single precision, where a step
        # is twice as fast and its rounding is far below what training stops at.
        self.inverse = np.tril(inverse).astype(np.float32)
        self.z = x @ self.inverse.T
        self.zt = np.ascontiguousarray(self.z.T)

    @property
    def nbytes(self) -> int:
        """The memory held, in bytes."""
        return int(self.z.nbytes + self.zt.nbytes + self.inverse.nbytes)

    def whiten(self, x: FloatArray) -> FloatArray:
        """Return other rows in the same coordinates, transposed `(r, v)`."""
        return np.ascontiguousarray((self._rows(x) @ self.inverse.T).T)

    def coefficients(self, v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the weights `(k, d)` and intercepts `(k,)` of a head `(k, r)` in these coordinates."""
        w = v @ self.inverse
        plain = w[:, :-1] if self.basis is None else w[:, :-1] @ self.basis.T
        return np.ascontiguousarray(plain), np.asarray(w[:, -1] - plain @ self.mean)

    def _rows(self, x: FloatArray) -> FloatArray:
        centred = x - self.mean
        if self.basis is not None:
            centred = centred @ self.basis
        return np.concatenate([centred, np.ones((len(x), 1), dtype=np.float32)], axis=1)


def _row_space(x: FloatArray) -> FloatArray:
    """Return an orthonormal basis `(d, r)` of the row space of `x`: the penalised optimum lies in it."""
    # The n x n matrix of products has the same leading values as the d x d one, and is the smaller here.
    values, vectors = np.linalg.eigh((x @ x.T).astype(np.float64))
    keep = values > RELATIVE_RANK * max(values[-1], 1e-30)
    return np.asarray(x.T @ (vectors[:, keep] / np.sqrt(values[keep])), dtype=np.float32)


_designs: Memo[_Design] = Memo(KEPT_BYTES)
_bases: Memo[FloatArray] = Memo(KEPT_BYTES)
"""Row spaces by the name of the rows: they are the same under every penalty."""


def _design(head: Head, c: float) -> _Design:
    # Weighted designs are not kept: a selection's weights are rarely asked for again, and would crowd the memo.
    if head.rows is None or head.weights is not None:
        return _Design(head.x, head.weights, c)
    return _designs.get((head.rows, c), lambda: _Design(head.x, None, c, head.rows), lambda design: design.nbytes)


def train_heads(heads: Sequence[Head], *, c: float, steps: int, tolerance: float) -> list[TrainedHead]:
    """Train heads together.

    Args:
        heads: What to train; they may differ in everything.
        c: Inverse penalty, as scikit-learn's `C`.
        steps: Most steps of a head, and the length of its schedule.
        tolerance: A head whose objective no longer depends on progress stops when the norm of its whitened gradient
            is below `tolerance * sqrt(n)`; its loss is then within about `tolerance^2` nats an example of the optimum.

    Returns:
        The trained heads, in the order given.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, head in enumerate(heads):
        # Identity stands for equality: students hand the same array object to all heads on the same rows.
        rows = (id(head.x), id(head.weights), head.targets.shape[1], 0 if head.watched is None else id(head.watched[0]))
        groups.setdefault(rows, []).append(index)
    trained: dict[int, TrainedHead] = {}
    for members in groups.values():
        # Heads with the same objective stand side by side, so that each objective is asked once a step for all of its
        # heads.
        members.sort(key=lambda index: heads[index].objective.digest())
        bench = _Bench([heads[index] for index in members], c, steps, tolerance)
        trained.update(zip(members, bench.run(), strict=True))
    return [trained[index] for index in range(len(heads))]


def _is_point(step: int) -> bool:
    """Return whether the numbers of a step, counted from 1, are written down: of 4 steps or more every fourth part.

    >>> [step for step in range(1, 50) if _is_point(step)]
    [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48]
    """
    return step % max(1, 1 << (step - 1).bit_length() >> 3) == 0


@dataclass(frozen=True, eq=False)
class _Asked:
    """What heads `start` to `stop` of a step were asked with: labels, answers, and losses where they were wanted."""

    start: int
    stop: int
    labels: FloatArray
    answers: FloatArray
    values: FloatArray | None


class _Bench:
    """Heads on the same rows, advanced in step. Arrays are `(m, k, r)` and `(m, k, n)`: classes before examples."""

    def __init__(self, heads: list[Head], c: float, steps: int, tolerance: float) -> None:
        first = heads[0]
        self.heads, self.steps = heads, steps
        self.design = _design(first, c)
        # With curvature 1 the squared norm of the gradient is about the gap in loss. The loss is a sum over n examples,
        # so the root of n makes the tolerance one for each example.
        self.limit = tolerance * np.sqrt(len(first.x))
        self.weak = np.stack([head.targets.T for head in heads]).astype(np.float32)
        self.memory = {i: np.zeros_like(head.targets) for i, head in enumerate(heads) if head.objective.remembers}
        self.weights = first.weights
        if self.weights is not None:
            self.shares = self.weights / np.maximum(self.weights.sum(), np.finfo(np.float32).tiny)
        self.last = np.array([steps if head.steps is None else min(head.steps, steps) for head in heads])
        # Stretches of equal objectives get one number each; heads that end leave their stretch, and the others stay in
        # it.
        self.family = np.cumsum([i > 0 and head.objective != heads[i - 1].objective for i, head in enumerate(heads)])
        self.curvature = np.array([head.objective.curvature for head in heads], dtype=np.float32)
        # A head that was asked for a number of steps never ends by itself: a scout has found that number for it.
        self.settled = np.array([head.objective.settles_at if head.steps is None else np.inf for head in heads])
        self.watched = None if first.watched is None else self.design.whiten(first.watched[0])
        self.best_score = np.full(len(heads), -np.inf)
        self.best: list[tuple[FloatArray, int] | None] = [None] * len(heads)
        self.patience = np.array([head.stopping.gives_up_after or np.inf for head in heads])
        self.in_vain = np.zeros(len(heads))
        self.writers = [
            CurveWriter(int(last), ADVICE.format(head.objective.kind))
            for last, head in zip(self.last, heads, strict=True)
        ]
        self.diverged: dict[int, DivergedError] = {}
        self.asked: list[_Asked] = []

    def run(self) -> list[TrainedHead]:
        # What overflows is found by what is written down, and ends its own head.
        with np.errstate(over="ignore", invalid="ignore"):
            self._take_steps()
            return [self._finish(index) for index in range(len(self.heads))]

    def _take_steps(self) -> None:
        m, k, n = self.weak.shape
        r = self.design.z.shape[1]
        active = np.arange(m)
        v = np.zeros((m, k, r), dtype=np.float32)
        ahead, momentum = v.copy(), np.ones(m)
        for step in range(self.steps):
            # In these coordinates the curvature is at most 1, so the step has length 1 and needs no search. An
            # objective that bends more than cross-entropy says so, and its step is shortened in the same measure.
            pull = ahead - self._descend(ahead, active, step)
            new = ahead - pull / self.curvature[active, None, None]
            # Momentum that points uphill has overshot: it is thrown away for that head alone (adaptive restart), which
            # keeps the fast rate without knowing how strongly convex the problem is.
            restart = np.einsum("mkr,mkr->m", pull, new - v) > 0
            old = np.where(restart, 1.0, momentum)
            # Nesterov's sequence t' = (1 + sqrt(1 + 4 t^2)) / 2; a head looks ahead by (t - 1) / t' of its last step,
            # and t = 1, as after a restart, looks ahead by nothing.
            momentum = (1 + np.sqrt(1 + 4 * old**2)) / 2
            ahead = new + ((old - 1) / momentum).astype(np.float32)[:, None, None] * (new - v)
            v = new
            self._watch(v, active, step)
            size = np.sqrt(np.einsum("mkr,mkr->m", pull, pull))
            # A gradient below the limit ends a head only after its objective has ceased to change with progress: before
            # that, the optimum that it has reached is not yet the one it is asked for.
            ended = (size < self.limit) | (self.in_vain[active] >= self.patience[active])
            done = ended & (step / self.steps >= self.settled[active]) | (step + 1 >= self.last[active])
            done |= self._write_down(active, step, size, done)
            if done.any():
                for position in np.flatnonzero(done):
                    if self.best[active[position]] is None:
                        self.best[active[position]] = (v[position].copy(), step + 1)
                stay = ~done
                active, v, ahead, momentum = active[stay], v[stay], ahead[stay], momentum[stay]
                if not len(active):
                    break

    def _descend(self, v: FloatArray, active: IntArray, step: int) -> FloatArray:
        """Return where a step of length 1 from heads `(m, k, r)` leads: `v` minus the gradient."""
        m, k, r = v.shape
        logits = (v.reshape(m * k, r) @ self.design.zt).reshape(m, k, -1)
        # `v - (gradient of the loss + gradient of the penalty)`: bound and penalty add up to the identity here, so the
        # penalty is never multiplied out; half the logits stand for all of it.
        pull, progress, self.asked = 0.5 * logits, step / self.steps, []
        for start, stop in self._runs(active):
            rows = active[start:stop]
            # A slice is a view and costs nothing; heads that have ended leave gaps, and only then are the labels
            # copied.
            weak = self.weak[rows[0] : rows[-1] + 1] if rows[-1] - rows[0] + 1 == len(rows) else self.weak[rows]
            objective = self.heads[rows[0]].objective
            labels, answers = weak.transpose(0, 2, 1), logits[start:stop].transpose(0, 2, 1)
            if objective.remembers:
                kept = objective.remembered(np.stack([self.memory[row] for row in rows]), answers)
                self.memory |= zip(rows.tolist(), kept, strict=True)
                labels = np.stack([labels, kept], axis=1)
            values = None
            if _is_point(step + 1):
                values, gradient = objective.value_and_gradient(labels, answers, progress)
            else:
                gradient = objective.gradient(labels, answers, progress)
            self.asked.append(_Asked(start, stop, labels, answers, values))
            pull[start:stop] -= gradient.transpose(0, 2, 1)
        if self.weights is not None:
            pull *= self.weights
        return np.asarray((pull.reshape(m * k, -1) @ self.design.z).reshape(m, k, r))

    def _write_down(self, active: IntArray, step: int, size: FloatArray, done: BoolArray) -> BoolArray:
        """Write down the numbers of a step, of all heads or of those that end; return which of them diverged."""
        lost = ~np.isfinite(size)
        told = done | lost | _is_point(step + 1)
        for asked in self.asked if told.any() else ():
            rows = np.flatnonzero(told[asked.start : asked.stop])
            if not len(rows):
                continue
            values = asked.values
            if values is None:
                objective = self.heads[active[asked.start]].objective
                values = objective.value(asked.labels[rows], asked.answers[rows], step / self.steps)
            losses = values.mean(axis=-1) if self.weights is None else values @ self.shares
            for place, loss in zip(rows + asked.start, losses, strict=True):
                head, norm = int(active[place]), float(size[place] / np.sqrt(self.weak.shape[2]))
                try:
                    self.writers[head].add(step + 1, float(loss), 1 / float(self.curvature[head]), norm)
                except DivergedError as error:
                    self.diverged[head], lost[place] = error, True
        return lost

    def _runs(self, active: IntArray) -> list[tuple[int, int]]:
        """Return the stretches of active heads that share an objective."""
        cuts = [0, *(np.flatnonzero(np.diff(self.family[active])) + 1), len(active)]
        return list(zip(cuts[:-1], cuts[1:], strict=True))

    def _watch(self, v: FloatArray, active: IntArray, step: int) -> None:
        if self.watched is None:
            return
        m, k, r = v.shape
        logits = (v.reshape(m * k, r) @ self.watched).reshape(m, k, -1).transpose(0, 2, 1)
        for position, index in enumerate(active):
            head = self.heads[index]
            if head.watched is None or not head.stopping.watches:
                continue
            score = float(head.stopping.score(head.watched[1], logits[position]))
            self.in_vain[index] += 1
            if score > self.best_score[index]:
                self.in_vain[index] = 0
                self.best_score[index] = score
                self.best[index] = (v[position].copy(), step + 1)

    def _finish(self, index: int) -> TrainedHead:
        best = self.best[index]
        if best is None:
            raise AssertionError("every head ends with coefficients")
        whole = self.design.coefficients(best[0])
        return TrainedHead(*whole, best[1], self.writers[index].curve(), self.diverged.get(index))
