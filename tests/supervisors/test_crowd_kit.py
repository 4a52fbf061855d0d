"""Dawid and Skene's estimate against crowd-kit's, where crowd-kit is installed.

crowd-kit is not in the `dev` extra: it depends on transformers. `pip install crowd-kit==1.4.2` runs this.
"""

import numpy as np
import pytest

from w2sg.supervisors.combine import dawid_skene

SMOOTHED = 0.02
"""Ours adds a hundredth of a vote to every count, theirs none."""


@pytest.mark.parametrize(("k", "members", "n"), [(2, 5, 200), (3, 7, 150)])
def test_posteriors_are_crowd_kits_up_to_smoothing(k: int, members: int, n: int) -> None:
    aggregation = pytest.importorskip("crowdkit.aggregation", exc_type=ImportError)
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(k)
    gold, skill = rng.integers(k, size=n), rng.uniform(0.5, 0.9, members)
    votes = np.where(rng.random((n, members)) < skill, gold[:, None], rng.integers(k, size=(n, members)))
    ours = dawid_skene(votes, k).posterior
    rows, columns = np.indices(votes.shape)
    table = pandas.DataFrame({"task": rows.ravel(), "worker": columns.ravel(), "label": votes.ravel()})
    theirs = aggregation.DawidSkene(n_iter=1000, tol=1e-12).fit(table).probas_
    found = theirs.reindex(index=range(n), columns=range(k)).fillna(0).to_numpy()
    assert (ours.argmax(axis=1) == found.argmax(axis=1)).mean() > 0.99
    np.testing.assert_allclose(ours, found, atol=SMOOTHED)
