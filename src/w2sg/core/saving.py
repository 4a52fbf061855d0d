"""Trained students as plain arrays: what is exported and loaded again, without a pickle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from w2sg.core.arrays import AnyArray, pack_texts, unpack_texts
from w2sg.core.examples import Inputs

CORPUS = "corpus"


@dataclass(frozen=True, eq=False)
class SavedStudent:
    """A trained student without its class: `Student.restored` of the same student makes it again.

    Attributes:
        student: The configuration of the student that restores it, with its `kind`.
        arrays: Its weights and what else it answers with, numbers only.
        facts: What else there is to know, as JSON.
    """

    student: Mapping[str, Any]
    arrays: Mapping[str, AnyArray]
    facts: Mapping[str, Any] = field(default_factory=dict)


def corpus_arrays(corpus: Inputs) -> dict[str, AnyArray]:
    """Return the inputs that a body is fitted on as arrays of numbers."""
    values = corpus.values
    return pack_texts(CORPUS, values) if values.dtype == object else {CORPUS: np.ascontiguousarray(values)}


def corpus_of(arrays: Mapping[str, AnyArray]) -> Inputs:
    """Return the inputs of `corpus_arrays`."""
    texts = unpack_texts(CORPUS, arrays)
    return Inputs.of(arrays[CORPUS] if texts is None else texts)
