"""Three families of linear-Gaussian runs in which it is known what theory holds.

Inputs are standard normal in `DIMENSION` dimensions; weak supervisor and student are least squares on their own
subspaces. In family A the target lies in both subspaces (variance only), in B in the student's but not all in the
supervisor's (realizable), in C not all in the student's (the student misses signal that the supervisor has).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from w2sg.core import FloatArray, Quantity, derive
from w2sg.theory.cases import Truth
from w2sg.theory.observing import AuditedLabels, FeatureSpace, ObservedRun, Refits

Family = Literal["A", "B", "C"]
FAMILIES: tuple[Family, ...] = ("A", "B", "C")
DIMENSION = 100
FRESH = 2000
FOLDS = 5
MOST_MISSED = 0.5
"""In families B and C, up to this share of the target's power lies outside of the subspace that misses it."""


@dataclass(frozen=True, eq=False)
class FamilyRun:
    """One run of a family: what may be seen, bought labels (a larger audit holds the smaller), and the exact truth."""

    seen: ObservedRun
    audits: tuple[AuditedLabels, ...]
    truth: Truth


@dataclass(frozen=True, eq=False)
class _Linear:
    """A least-squares fit on a subspace: `directions` `(D, d)` and weights in the full space `(D,)`."""

    directions: FloatArray
    weights: FloatArray

    @classmethod
    def fit(cls, directions: FloatArray, x: FloatArray, y: FloatArray) -> "_Linear":
        return cls(directions, directions @ np.linalg.lstsq(x @ directions, y, rcond=None)[0])

    def __call__(self, x: FloatArray) -> FloatArray:
        return np.asarray((x @ self.weights)[:, None])

    def risk(self, target: FloatArray) -> float:
        return float(np.square(self.weights - target).sum())


def family_run(family: Family, index: int, audits: Sequence[int] = ()) -> FamilyRun:
    """Return a run of a family.

    Args:
        family: Which.
        index: Which run; equal numbers give equal runs.
        audits: How many noisy labels of fresh inputs are bought at random, for each audit.
    """
    rng = derive(index, "theory", "family", family)
    weak_space, student_space, target = _subspaces(family, rng)
    n, transfer, noise = int(rng.integers(100, 400)), int(rng.integers(100, 800)), float(rng.uniform(0.3, 1.5))
    x, u, fresh = (rng.standard_normal((size, DIMENSION)) for size in (n, transfer, FRESH))
    y = x @ target + noise * rng.standard_normal(n)
    supervisor = _Linear.fit(weak_space, x, y)
    student = _Linear.fit(student_space, u, supervisor(u)[:, 0])
    ceiling = _Linear.fit(student_space, u, u @ target + noise * rng.standard_normal(transfer))
    # audits are beginnings of one order, so that a larger audit holds a smaller one
    drawn = rng.permutation(FRESH)
    labels = (fresh[drawn] @ target + noise * rng.standard_normal(FRESH))[:, None]
    refits, held_out = _refits(weak_space, student_space, x, y, u, fresh)
    facts = {"student_class": "linear-least-squares", "supervisor_class": "linear-least-squares", "loss": "squared"}
    seen = ObservedRun(
        run=f"{family}{index}",
        setting="regression",
        weak=supervisor(fresh),
        student=student(fresh),
        weak_training=supervisor(u),
        student_training=student(u),
        n_supervision=n,
        facts={**facts, "features": "frozen", "stopping": "none", "labels": "soft"},
        refits=refits,
        known={"ridge_weak": 0.0, "ridge_strong": 0.0},
        student_held_out=held_out,
        weak_space=FeatureSpace(x @ weak_space, u @ weak_space, fresh @ weak_space),
        student_space=FeatureSpace(x @ student_space, u @ student_space, fresh @ student_space),
    )
    bought = tuple(AuditedLabels(drawn[:count], labels[:count]) for count in audits)
    truth = _truth(seen.run, supervisor.risk(target), student.risk(target), ceiling.risk(target))
    return FamilyRun(seen, bought, truth)


def _subspaces(family: Family, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return orthonormal bases of the supervisor's and the student's subspace, and the target of length 1."""
    d_weak, d_student = (int(size) for size in rng.integers(10, 60, size=2))
    shared = int(rng.integers(1, min(d_weak, d_student) + 1))
    # both subspaces together must fit into the space of all inputs
    d_weak = min(d_weak, DIMENSION - d_student + shared)
    # columns of one random frame: some in both subspaces, some in one, so that what is shared is exact
    frame = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))[0]
    both, own = frame[:, :shared], frame[:, shared:]
    weak_only, student_only = own[:, : d_weak - shared], own[:, d_weak - shared : d_weak - shared + d_student - shared]
    target = _unit(both, rng)
    outside = {"A": None, "B": student_only, "C": weak_only}[family]
    if outside is not None and outside.shape[1]:
        missed = rng.uniform(0, MOST_MISSED)
        target = np.sqrt(1 - missed) * target + np.sqrt(missed) * _unit(outside, rng)
    return np.hstack([both, weak_only]), np.hstack([both, student_only]), target


def _unit(directions: FloatArray, rng: np.random.Generator) -> FloatArray:
    direction = directions @ rng.standard_normal(directions.shape[1])
    return np.asarray(direction / np.linalg.norm(direction))


def _refits(
    weak: FloatArray, student: FloatArray, x: FloatArray, y: FloatArray, u: FloatArray, fresh: FloatArray
) -> tuple[Refits, FloatArray]:
    """Return the supervisor trained again without each fold, and what students of these say of the fold."""
    # the inputs are random, so folds by position are random folds
    fold = np.arange(len(y)) % FOLDS
    supervisors = [_Linear.fit(weak, x[fold != k], y[fold != k]) for k in range(FOLDS)]
    students = [_Linear.fit(student, u, supervisor(u)[:, 0]) for supervisor in supervisors]
    held = {name: np.zeros((len(y), 1)) for name in ("weak", "student")}
    for k in range(FOLDS):
        held["weak"][fold == k], held["student"][fold == k] = supervisors[k](x[fold == k]), students[k](x[fold == k])
    size, overlap = round(len(y) * (1 - 1 / FOLDS)), (FOLDS - 2) / (FOLDS - 1)
    answers = np.stack([supervisor(fresh) for supervisor in supervisors])
    return Refits(held["weak"], y[:, None], answers, size, overlap), held["student"]


def _truth(run: str, weak: float, student: float, ceiling: float) -> Truth:
    def known(value: float) -> Quantity:
        return Quantity(value, 0.0, 1, "population")

    values = {
        "gain squared": known(weak - student),
        "shortfall squared": known(student - ceiling),
        "gap squared": known(weak - ceiling),
        "weak_risk squared": known(weak),
        "student_risk squared": known(student),
    }
    if weak > ceiling:
        values["pgr squared"] = known((weak - student) / (weak - ceiling))
    return Truth(run, values)
