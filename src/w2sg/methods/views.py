"""Views made from views: other labels, fewer examples. What was audited stays audited."""

from dataclasses import replace

import numpy as np

from w2sg.core import Audit, ClassProbabilities, FloatArray, IntArray, Predictor, WeakSplit, WeakView


def with_probabilities(split: WeakSplit, probabilities: FloatArray) -> WeakSplit:
    """Return the split with other weak labels `(n, k)`.

    The labels of a panel's members stay: they are still what the members said.
    """
    return replace(split, weak=ClassProbabilities(probabilities, split.weak.members))


def labelled_by(view: WeakView, labeller: Predictor) -> WeakView:
    """Return the view with the soft labels of a trained student in place of the supervisor's."""

    def relabelled(split: WeakSplit) -> WeakSplit:
        return with_probabilities(split, labeller.predict_proba(split.inputs))

    # Stopping then watches agreement with the new labels, which are the ones being taught.
    validation = None if view.validation is None else relabelled(view.validation)
    return replace(view, transfer=relabelled(view.transfer), validation=validation)


def taken(view: WeakView, rows: IntArray, weak: FloatArray | None = None) -> WeakView:
    """Return the view on some transfer examples, by position; a position may occur more than once.

    Args:
        view: The view.
        rows: Positions in the transfer split, `(m,)`.
        weak: Other weak labels for them, `(m, k)`; None keeps theirs.
    """
    transfer = view.transfer.take(rows)
    if weak is not None:
        transfer = with_probabilities(transfer, weak)
    if view.audit is None:
        return replace(view, transfer=transfer)
    # An audited example keeps its gold wherever it went: at no place, at one, or at several.
    gold = dict(zip(view.audit.rows.tolist(), view.audit.gold.tolist(), strict=True))
    places = np.flatnonzero(np.isin(rows, view.audit.rows))
    bought = np.array([gold[row] for row in rows[places].tolist()], dtype=np.int64)
    return replace(view, transfer=transfer, audit=Audit(places, bought))
