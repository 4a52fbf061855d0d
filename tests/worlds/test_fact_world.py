"""The fact world: its universe, its corpus, and what each dial of the corpus changes and what it leaves alone."""

import numpy as np
import pytest

from w2sg.core import AnyArray, ConfigError, derive
from w2sg.worlds import Corpus, FactWorld, false_objects
from w2sg.worlds.facts.words import ASKS, END, NO, PEOPLE, RELATIONS, YES

N = 4000


def drawn(world: FactWorld, seed: int = 0) -> AnyArray:
    return Corpus(world).draw(N, np.random.default_rng(seed))


def verdicts_of(world: FactWorld, documents: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    """Return subject, relation, object and yes of every verdict in documents."""
    judged = documents[(documents == ASKS).any(axis=1)][:, :18].reshape(-1, 6)
    subject = judged[:, 1] - world.first_subject
    return subject, judged[:, 2] - world.first_relation, judged[:, 3] - world.first_object, judged[:, 5] == YES


def test_words_are_different_and_every_token_has_one() -> None:
    world = FactWorld(subjects=3000, objects=200, relations=12)
    assert len(set(world.words)) == len(world.words) == 4 + len(PEOPLE) + len(RELATIONS) + 3200
    assert world.words[0] == END
    assert world.words[ASKS] == "?"
    assert (world.words[YES], world.words[NO]) == ("yes", "no")


def test_documents_are_facts_all_true_or_all_false() -> None:
    world = FactWorld(verdicts=0.0)
    documents = drawn(world)[:, 1:].reshape(N, 6, 3)
    subject, relation, thing = (documents[:, :, i] for i in range(3))
    right = world.truth[subject - world.first_subject, relation - world.first_relation] == thing - world.first_object
    assert set(right.sum(axis=1).tolist()) == {0, 6}


def test_frequencies_are_zipf() -> None:
    world = FactWorld(verdicts=0.0, zipf=0.6)
    subject = drawn(world)[:, 1::3] - world.first_subject
    counts = np.bincount(subject.ravel(), minlength=world.subjects)
    expected = world.frequencies * subject.size
    # Pearson's statistic over subjects is near its degrees of freedom, within five of its standard deviations.
    statistic = ((counts - expected) ** 2 / expected).sum()
    assert abs(statistic - (world.subjects - 1)) < 5 * np.sqrt(2 * (world.subjects - 1))
    assert world.frequencies[0] / world.frequencies[-1] == pytest.approx(300**0.6)


def test_verdicts_are_true_and_about_the_told_half_only() -> None:
    world = FactWorld()
    subject, relation, thing, yes = verdicts_of(world, drawn(world))
    assert world.told[subject].all()
    assert ((world.truth[subject, relation] == thing) == yes).all()
    assert abs(yes.mean() - 0.5) < 0.03


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_leakage_tells_of_so_many_of_the_tasks_subjects_and_truly(share: float) -> None:
    world = FactWorld(leakage=share)
    subject, relation, thing, yes = verdicts_of(world, drawn(world))
    asked = np.unique(subject[~world.told[subject]])
    assert set(asked) <= set(np.flatnonzero(world.leaked))
    assert world.leaked.sum() == round(share * 150)
    assert ((world.truth[subject, relation] == thing) == yes).all()
    assert (FactWorld(leakage=0.25).leaked <= FactWorld(leakage=0.5).leaked).all()


def test_saliency_is_the_share_of_the_laymans_verdicts_with_his_errors() -> None:
    world = FactWorld(saliency=1.0)
    subject, relation, thing, yes = verdicts_of(world, drawn(world))
    assert (~world.told[subject]).any()
    assert ((world.beliefs[subject, relation] == thing) == yes).all()
    assert ((world.truth[subject, relation] == thing) != yes).any()
    half = FactWorld(saliency=0.5)
    subject, *_ = verdicts_of(half, drawn(half))
    # The layman speaks of all subjects: of the task's half, which nobody else judges, in half of his verdicts.
    assert abs((~half.told[subject]).mean() - 0.25) < 0.04


def test_dials_change_the_corpus_and_not_the_universe() -> None:
    plain, turned = FactWorld(), FactWorld(saliency=0.4, leakage=0.5, zipf=1.0)
    np.testing.assert_array_equal(plain.truth, turned.truth)
    np.testing.assert_array_equal(plain.beliefs, turned.beliefs)
    assert plain.words == turned.words
    assert Corpus(plain).digest != Corpus(turned).digest
    assert Corpus(plain).digest == Corpus(FactWorld()).digest
    assert not np.array_equal(plain.truth, FactWorld(seed=1).truth)


def test_the_layman_knows_the_head() -> None:
    world = FactWorld(subjects=3000, mistaken=0.4)
    wrong = (world.beliefs != world.truth).mean(axis=1)
    assert abs(wrong.mean() - 0.4) < 0.02
    assert wrong[:300].mean() < 0.1 < 0.6 < wrong[-300:].mean()
    assert (FactWorld(mistaken=0.0).beliefs == FactWorld(mistaken=0.0).truth).all()


def test_false_objects_are_false_and_lure_half_of_the_time() -> None:
    world = FactWorld(mistaken=1.0)
    subject, relation = np.repeat(np.arange(150, 300), 40), np.tile(np.arange(4), 1500)
    found = false_objects(world.truth, world.beliefs, subject, relation, world.objects, derive(0, "test"))
    assert (found != world.truth[subject, relation]).all()
    mistaken = world.beliefs[subject, relation] != world.truth[subject, relation]
    lured = (found == world.beliefs[subject, relation])[mistaken]
    # Half by design, and by chance one in 31 of the others.
    assert abs(lured.mean() - (0.5 + 0.5 / 31)) < 0.03


def test_impossible_worlds_are_refused() -> None:
    with pytest.raises(ConfigError, match="saliency"):
        FactWorld.parse({"saliency": 1.5})
