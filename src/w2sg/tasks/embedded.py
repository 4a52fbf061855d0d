"""Real data sets that come with scikit-learn: nothing to download."""

from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import register
from w2sg.tasks.splits import Size, SplitTask
from w2sg.tasks.table import Table


class EmbeddedTask(SplitTask):
    """A data set shipped with scikit-learn; the same rows under every seed."""

    @property
    def default_supervisor(self) -> str:
        """What it is handicapped by fits these inputs."""
        return "few-features"

    @property
    def default_student(self) -> str:
        """A student that fits these inputs."""
        return "nystroem"

    def table(self, rng: np.random.Generator) -> Table:
        """Return all rows."""
        return _table(self.kind)

    def fingerprint(self) -> str:
        """Return the version of scikit-learn, which the rows come with."""
        return f"scikit-learn {version('scikit-learn')}"


@final
@register(paper="Alpaydin & Kaynak 1998, UCI optical recognition of handwritten digits")
class Digits(EmbeddedTask):
    """Handwritten digits, 1,797 images of 8 x 8 pixels in [0, 1], 10 classes."""

    kind: Literal["digits"] = "digits"
    supervision: Size | None = Field(400, description="rows for the weak supervisor: a number or a share")
    transfer: Size | None = Field(800, description="rows it labels for the student: a number or a share")

    @property
    def default_supervisor(self) -> str:
        """What it is handicapped by fits these inputs."""
        return "pooled-pixels"

    @property
    def default_student(self) -> str:
        """A student that fits these inputs."""
        return "nystroem-digits"


@final
@register(paper="Street, Wolberg & Mangasarian 1993, UCI breast cancer Wisconsin (diagnostic)")
class BreastCancer(EmbeddedTask):
    """Tumours, 569 rows of 30 standardised measurements, malignant or benign."""

    kind: Literal["breast-cancer"] = "breast-cancer"
    supervision: Size | None = Field(100, description="rows for the weak supervisor: a number or a share")
    transfer: Size | None = Field(250, description="rows it labels for the student: a number or a share")


@final
@register(paper="Aeberhard & Forina 1991, UCI wine")
class Wine(EmbeddedTask):
    """Wines of three growers, 178 rows of 13 standardised measurements."""

    kind: Literal["wine"] = "wine"
    supervision: Size | None = Field(40, description="rows for the weak supervisor: a number or a share")
    transfer: Size | None = Field(70, description="rows it labels for the student: a number or a share")


@lru_cache(maxsize=3)
def _table(kind: str) -> Table:
    from sklearn.datasets import load_breast_cancer, load_digits, load_wine

    loaders: dict[str, Callable[[], Any]] = {
        "digits": load_digits,
        "breast-cancer": load_breast_cancer,
        "wine": load_wine,
    }
    data = loaders[kind]()
    # Standardised over all rows: inputs are public to every party of a task, only gold is not.
    values = data.images / 16 if kind == "digits" else (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    classes = tuple(str(name) for name in data.target_names)
    return Table.of(values.astype(np.float32), data.target, classes, f"task {kind!r}")
