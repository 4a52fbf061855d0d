"""Views made from views: other labels, fewer examples. What was audited stays audited."""

from dataclasses import replace

import numpy as np

from w2sg.core import AuditedView, FloatArray, IntArray, Predictor, WeakSplit, WeakView


def labelled_by(view: WeakView, labeller: Predictor) -> WeakView:
    """Return the view with the soft labels of a trained student in place of the supervisor's.

    The labels of a panel's members stay: they are still what the members said.
    """

    def relabelled(split: WeakSplit) -> WeakSplit:
        return replace(split, weak=labeller.predict_proba(split.inputs))

    validation = None if view.validation is None else relabelled(view.validation)
    return replace(view, transfer=relabelled(view.transfer), validation=validation)


def taken(view: WeakView, rows: IntArray, weak: FloatArray | None = None) -> WeakView:
    """Return the view on some transfer examples, by position; a position may occur more than once.

    Args:
        view: The view.
        rows: Positions in the transfer split, `(m,)`.
        weak: Other weak labels for them, `(m, k)`; None keeps theirs.
    """
    split = view.transfer
    members = None if split.members is None else split.members[:, rows]
    transfer = WeakSplit(split.inputs.take(rows), split.weak[rows] if weak is None else weak, members)
    if not isinstance(view, AuditedView):
        return replace(view, transfer=transfer)
    gold = dict(zip(view.audit_rows.tolist(), view.audit_gold.tolist(), strict=True))
    places = np.flatnonzero(np.isin(rows, view.audit_rows))
    bought = np.array([gold[row] for row in rows[places].tolist()], dtype=np.int64)
    return replace(view, transfer=transfer, audit_rows=places, audit_gold=bought)
