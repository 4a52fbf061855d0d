"""Shifts: further test sets that differ from the distribution of the splits, by their inputs or by who is in them."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Literal, final

import numpy as np
from pydantic import Field, SerializeAsAny

from w2sg.core import (
    AnyArray,
    BoolArray,
    Component,
    DataError,
    Examples,
    FloatArray,
    Inputs,
    IntArray,
    component_field,
    contract,
    derive,
    register,
)
from w2sg.tasks.encoding import PAIR_CLASSES
from w2sg.tasks.table import FREE, Table

OPPOSITE = "opposite"
"""The metadata of test sets that ask rows of the test split otherwise: whether the right answer is then another one."""
TestSets = dict[str, tuple[Examples, IntArray]]
"""Named test sets: examples and their gold `(n,)`."""


@contract("shifts")
class Shift(Component):
    """A way in which test examples differ from those that the weak supervisor learned from."""

    title: str | None = Field(None, min_length=1, description="name of the test set; by default the kind of the shift")

    @property
    def test_name(self) -> str:
        """The name of the test set."""
        return self.title or self.kind

    def admits(self, table: Table, split: str) -> BoolArray:
        """Return which rows `(N,)` of a table the named split may hold; all of them unless a shift says otherwise."""
        return np.ones(len(table), dtype=np.bool_)

    @abstractmethod
    def test_sets(self, table: Table, test: IntArray, rng: np.random.Generator) -> TestSets:
        """Return the shifted test sets.

        Args:
            table: All rows of the task.
            test: The rows `(n,)` of the test split.
            rng: Randomness of this shift under this seed.
        """


class InputShift(Shift):
    """A shift that changes the inputs of the test split; identities and gold stay."""

    @abstractmethod
    def apply(self, values: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return changed inputs of the same shape."""

    @final
    def test_sets(self, table: Table, test: IntArray, rng: np.random.Generator) -> TestSets:
        """Return the test split with changed inputs, in a pool of its own."""
        plain = table.examples(test)
        # A pool of its own: changed copies of test rows must not stand in the corpus beside the plain ones.
        changed = Inputs.of(self.apply(plain.inputs.values, rng))
        asked = {**plain.metadata, OPPOSITE: np.zeros(len(test), dtype=np.bool_)}
        return {self.test_name: (Examples(plain.ids, changed, asked), table.gold[test])}


def _images(values: AnyArray, kind: str) -> FloatArray:
    if values.dtype == object or values.ndim != 3:
        what = "texts" if values.dtype == object else f"an array of shape {values.shape}"
        raise DataError(f"shift {kind!r} needs images (n, h, w), got {what}: use it with a task of images")
    return np.asarray(values, dtype=np.float32)


@final
@register()
class Noise(InputShift):
    """Gaussian noise on every pixel; values are not clipped.

    >>> Noise(sd=0.5).apply(np.zeros((2, 8, 8)), np.random.default_rng(0)).shape
    (2, 8, 8)
    """

    kind: Literal["noise"] = "noise"
    sd: float = Field(0.3, gt=0, description="standard deviation, in units of the pixel values (images are in [0, 1])")

    def apply(self, values: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return noisy images `(n, h, w)`."""
        images = _images(values, self.kind)
        return images + self.sd * rng.standard_normal(images.shape, dtype=np.float32)


@final
@register()
class Rotation(InputShift):
    """Images turned about their centre by a fixed angle, linearly interpolated."""

    kind: Literal["rotation"] = "rotation"
    degrees: float = Field(30.0, ge=-180, le=180, description="angle in degrees, counter-clockwise")

    def apply(self, values: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return rotated images `(n, h, w)`; what comes from outside the frame is 0."""
        from scipy.ndimage import rotate

        images = _images(values, self.kind)
        return np.asarray(rotate(images, self.degrees, axes=(2, 1), reshape=False, order=1), dtype=np.float32)


@final
@register()
class Occlusion(InputShift):
    """A square at a random place of every image set to 0."""

    kind: Literal["occlusion"] = "occlusion"
    share: float = Field(0.25, gt=0, le=1, description="share of the image area that is covered")

    def apply(self, values: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return images `(n, h, w)` with a hidden square (a rectangle if they are not square)."""
        images = _images(values, self.kind).copy()
        n, height, width = images.shape
        # The root of the share on each side covers the share of the area.
        h, w = (max(1, round(side * self.share**0.5)) for side in (height, width))
        top = rng.integers(height - h + 1, size=n)[:, None, None]
        left = rng.integers(width - w + 1, size=n)[:, None, None]
        y, x = np.arange(height)[None, :, None], np.arange(width)[None, None, :]
        images[(y >= top) & (y < top + h) & (x >= left) & (x < left + w)] = 0
        return images


@final
@register()
class OrderSwap(Shift):
    """The two texts of every pair in the other order: identities stay, and the other answer is right."""

    kind: Literal["order-swap"] = "order-swap"

    def test_sets(self, table: Table, test: IntArray, rng: np.random.Generator) -> TestSets:
        """Return the test split with its pairs turned round, in a pool of its own."""
        plain = table.examples(test)
        values = plain.inputs.values
        if table.classes != PAIR_CLASSES or values.ndim != 2:
            raise DataError(
                f"shift {self.kind!r} needs pairs of texts, of which one is right, got an array of shape "
                f"{values.shape} and the classes {_some(list(table.classes))}: use it with a task of pairs"
            )
        asked = {**plain.metadata, OPPOSITE: np.ones(len(test), dtype=np.bool_)}
        swapped = Inputs.of(np.ascontiguousarray(values[:, ::-1]))
        return {self.test_name: (Examples(plain.ids, swapped, asked), 1 - table.gold[test])}


@final
@register()
class Domain(Shift):
    """The splits come from some domains, and each other domain becomes a test set of its own name."""

    kind: Literal["domain"] = "domain"
    column: str = Field("domain", description="metadata column that says where a row is from")
    source: tuple[str, ...] = Field(min_length=1, description="values that the splits and the test set are drawn from")
    target: tuple[str, ...] = Field((), description="values that become test sets; by default all others")

    def admits(self, table: Table, split: str) -> BoolArray:
        """Admit only rows of the source domains."""
        values = self._values(table)
        mask: BoolArray = np.isin(values, self.source)
        return mask

    def test_sets(self, table: Table, test: IntArray, rng: np.random.Generator) -> TestSets:
        """Return all rows of each target domain that no ready split keeps for something else."""
        values = self._values(table)
        target = self.target or tuple(sorted(set(values.tolist()) - set(self.source)))
        if not target:
            raise DataError(f"shift 'domain': column {self.column!r} has no value beside 'source' {list(self.source)}")
        # Rows of a foreign domain that a ready split holds were published for training, or for choosing, and are no
        # test rows.
        open_rows = table.is_in(FREE, "test")
        parts = {value: np.flatnonzero((values == value) & open_rows) for value in target}
        for value, rows in parts.items():
            if not len(rows):
                raise DataError(f"shift 'domain': no test row has {self.column} {value!r} ({table.source})")
        if self.title:
            parts = {self.title: np.concatenate(list(parts.values()))}
        return _shuffled(table, parts, rng)

    def _values(self, table: Table) -> AnyArray:
        values = table.column(self.column, "shift 'domain'").astype(str)
        known = sorted(set(values.tolist()))
        unknown = sorted({*self.source, *self.target} - set(known))
        if unknown:
            raise DataError(
                f"shift 'domain': column {self.column!r} has no value {unknown[0]!r}; it has {_some(known)}"
            )
        if both := sorted(set(self.source) & set(self.target)):
            raise DataError(f"shift 'domain': {both[0]!r} is both in 'source' and in 'target': drop it from one")
        return values


@final
@register()
class Groups(Shift):
    """The largest part of the test split in which the groups have given shares."""

    kind: Literal["groups"] = "groups"
    column: str = Field("group", description="metadata column with the group of each row")
    shares: Mapping[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        min_length=1, description="share of each group, adding up to 1; groups not named get none"
    )

    def test_sets(self, table: Table, test: IntArray, rng: np.random.Generator) -> TestSets:
        """Return rows of the test split drawn without replacement."""
        values = table.column(self.column, "shift 'groups'")[test].astype(str)
        total = sum(self.shares.values())
        if abs(total - 1) > 1e-6:
            raise DataError(f"shift 'groups': 'shares' must add up to 1, got {total:.6g}")
        members = {group: rng.permutation(test[values == group]) for group in self.shares}
        # The scarcest group, relative to its share, sets how many rows there can be without drawing one twice.
        n = min(len(rows) / self.shares[group] for group, rows in members.items() if self.shares[group] > 0)
        parts = [rows[: round(n * self.shares[group])] for group, rows in members.items()]
        empty = [group for group, rows in members.items() if self.shares[group] > 0 and not len(rows)]
        if empty:
            have = _some(sorted(set(values.tolist())))
            raise DataError(f"shift 'groups': no test row has {self.column} {empty[0]!r}; it has {have}")
        return _shuffled(table, {self.test_name: np.concatenate(parts)}, rng)


class KeptFromSupervisor(Shift):
    """A shift that keeps some rows out of the supervision split, and makes those of the test split a test set."""

    @final
    def admits(self, table: Table, split: str) -> BoolArray:
        """Admit only the other rows to the supervision split."""
        # Only the supervisor is kept from them: the student meets them in transfer with whatever labels it is given,
        # which is what such a shift asks about.
        return ~self.kept(table) if split == "supervision" else super().admits(table, split)

    @final
    def test_sets(self, table: Table, test: IntArray, rng: np.random.Generator) -> TestSets:
        """Return the kept rows of the test split."""
        rows = test[self.kept(table)[test]]
        if not len(rows):
            raise DataError(
                f"shift {self.kind!r}: no row of the test split is {self.test_name} ({table.source}): {self.way_out}"
            )
        return {self.test_name: (table.examples(rows), table.gold[rows])}

    @property
    @abstractmethod
    def way_out(self) -> str:
        """What to do where no test row is kept."""

    @abstractmethod
    def kept(self, table: Table) -> BoolArray:
        """Return which rows `(N,)` the supervision split does not hold."""


@final
@register()
class EasyToHard(KeptFromSupervisor):
    """The supervisor learns from easy rows only, and the hard part of the test split is a test set of its own."""

    kind: Literal["easy-to-hard"] = "easy-to-hard"
    column: str = Field("difficulty", description="metadata column of numbers, higher is harder")
    share: float = Field(0.5, gt=0, lt=1, description="share of rows that count as easy; ties at the border are easy")

    @property
    def test_name(self) -> str:
        """The name of the test set: `hard` unless it is named."""
        return self.title or "hard"

    @property
    def way_out(self) -> str:
        """Count fewer rows as easy."""
        return f"lower 'share' from {self.share} or choose a column with more levels than {self.column!r}"

    def kept(self, table: Table) -> BoolArray:
        """Return which rows `(N,)` are hard."""
        difficulty = np.asarray(table.column(self.column, "shift 'easy-to-hard'"), dtype=np.float64)
        # The inverted distribution function gives a value that occurs, so the border falls on a level and not between
        # two.
        mask: BoolArray = difficulty > np.quantile(difficulty, self.share, method="inverted_cdf")
        return mask


@final
@register()
class HeldOut(KeptFromSupervisor):
    """The supervisor learns from some families only, and the others in the test split are a test set of their own."""

    kind: Literal["held-out"] = "held-out"
    column: str = Field("group", description="metadata column with the family of each row")
    families: tuple[str, ...] = Field(min_length=1, description="values of the column that supervision does not hold")

    @property
    def way_out(self) -> str:
        """Name families of which there are more rows."""
        return f"name other 'families' than {_some(list(self.families))}, or make the test split larger"

    def kept(self, table: Table) -> BoolArray:
        """Return which rows `(N,)` are of a family that is held out."""
        values = table.column(self.column, "shift 'held-out'").astype(str)
        known = sorted(set(values.tolist()))
        if unknown := sorted(set(self.families) - set(known)):
            raise DataError(
                f"shift 'held-out': column {self.column!r} has no value {unknown[0]!r}; it has {_some(known)}"
            )
        mask: BoolArray = np.isin(values, self.families)
        return mask


@final
@register()
class ScarceClass(Shift):
    """Most rows of the last class are kept out of one split, which then has other class shares.

    They are left for the splits after it, so a test set of its own has the test split's rows at the shares of all rows.
    """

    kind: Literal["scarce-class"] = "scarce-class"
    split: Literal["supervision", "transfer"] = Field(description="the split that they are kept out of")
    kept: float = Field(0.25, gt=0, le=1, description="share of the rows of the last class that the split may hold")

    def admits(self, table: Table, split: str) -> BoolArray:
        """Admit to the split all other rows and a part of the last class, the same under every seed."""
        mask = super().admits(table, split)
        if split == self.split:
            rows = derive(0, self.kind, split).permutation(np.flatnonzero(_last_class(table)))
            mask[rows[round(self.kept * len(rows)) :]] = False
        return mask

    def test_sets(self, table: Table, test: IntArray, rng: np.random.Generator) -> TestSets:
        """Return the rows of the test split, without those of the last class that are more than its share."""
        last = _last_class(table)
        rows, others = rng.permutation(test[last[test]]), test[~last[test]]
        most = round(len(others) * last.mean() / (1 - last.mean()))
        return _shuffled(table, {self.test_name: np.concatenate([others, rows[:most]])}, rng)


def _last_class(table: Table) -> BoolArray:
    return np.asarray(table.gold == table.gold.max())


def _shuffled(table: Table, parts: Mapping[str, IntArray], rng: np.random.Generator) -> TestSets:
    # Parts were put together group by group or in the pool's order; mixed, a prefix of a test set is like the whole.
    mixed = {name: rng.permutation(rows) for name, rows in parts.items()}
    return {name: (table.examples(rows), table.gold[rows]) for name, rows in mixed.items()}


def _some(values: list[str]) -> str:
    return ", ".join(map(repr, values[:10])) + (", ..." if len(values) > 10 else "")


AnyShift = Annotated[SerializeAsAny[Shift], *component_field(Shift, "a shift: its name, or a table with 'kind'")]
"""A shift, its name, or a table with `kind`."""
