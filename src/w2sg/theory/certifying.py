"""Certificates of a stored run: labels of its test set are bought, and what they allow is certified."""

from pathlib import Path

import numpy as np

from w2sg.core import CapabilityError, Examples, InputError, IntArray, derive
from w2sg.lab import Setup, Store
from w2sg.lab.plan import Planner
from w2sg.lab.protocol import Bench
from w2sg.lab.store import StoredRun
from w2sg.theory.certificates import Certified, certify_run
from w2sg.theory.dossier import stored_arrays

TEST = "test"


def certify_stored(
    run: StoredRun, *, store: str | Path, labels: int, delta: float, on_disagreements: float = 0.5, seed: int = 0
) -> Certified:
    """Buy labels of a run's test set and certify what they allow.

    Args:
        run: The run.
        store: The store that has it.
        labels: The budget.
        delta: How often any of the certificates may be wrong.
        on_disagreements: Which share of the budget goes to inputs on which teacher and student disagree.
        seed: Draws which inputs are labelled.

    Where test examples come in groups that belong together, one of each is taken at random: groups are the draws.

    Raises:
        InputError: The budget is more than the test set (or its groups), or the run was made by other code or data.
        CapabilityError: The run's answers are written.
    """
    setup = Setup.parse(run.setup)
    job = Planner().job(setup, run.seed)
    if job.run != run.id:
        raise InputError(f"run {run.id[:12]} was made by other code or data: make it again, then certify the new run")
    with Store(store) as opened:
        stored = stored_arrays(opened, job)
    data = Bench(setup.task, run.seed).data
    if not data.classes:
        raise CapabilityError("certificates speak of class probabilities: this task has written answers")

    examples = data.tests[TEST]
    kept = one_of_each(examples, derive(seed, "certify", "units", run.id))

    def ask(rows: IntArray) -> IntArray:
        return data.vault.buy(TEST, kept[rows])

    return certify_run(
        stored.weak[TEST][kept],
        stored.student[TEST][kept],
        ask,
        labels,
        delta,
        derive(seed, "certify", run.id),
        on_disagreements=on_disagreements,
        inputs="inputs of the test set" + (", one of each group" if len(kept) < len(examples) else ""),
    )


def one_of_each(examples: Examples, rng: np.random.Generator) -> IntArray:
    """Return the rows of a random example of each group that belongs together, all rows where there are no groups.

    Examples of one group, such as questions on one text, are no independent draws, which certificates rest on.
    """
    if "together" not in examples.metadata:
        return np.arange(len(examples))
    order = rng.permutation(len(examples))
    first = np.unique(np.asarray(examples.metadata["together"])[order], return_index=True)[1]
    return np.asarray(np.sort(order[first]))
