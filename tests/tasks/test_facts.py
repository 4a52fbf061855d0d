"""Statements about the fact world: true ones are true, no fact is in two splits, and dials change what they name."""

import numpy as np
import pytest

from w2sg.core import AnyArray, TaskData, derive, registry
from w2sg.tasks import Facts
from w2sg.worlds import PEOPLE, RELATIONS, FactWorld

WORLD = FactWorld()
TOKEN = {word: number for number, word in enumerate(WORLD.words)}


def loaded(seed: int = 0, **fields: object) -> TaskData:
    task = registry.build("tasks", {"kind": "facts", **fields})
    assert isinstance(task, Facts)
    return task.load(derive(seed, "facts"))


def facts_of(text: str) -> list[tuple[int, int, int]]:
    """Return subject, relation and object of each claim."""
    tokens = [[TOKEN[word] for word in claim.split()] for claim in text.split("?") if claim.strip()]
    firsts = WORLD.first_subject, WORLD.first_relation, WORLD.first_object
    return [tuple(token - first for token, first in zip(claim[1:], firsts, strict=True)) for claim in tokens]  # type: ignore[misc]


def true_of(text: str) -> bool:
    return all(WORLD.truth[subject, relation] == thing for subject, relation, thing in facts_of(text))


@pytest.mark.parametrize("claims", [1, 3])
@pytest.mark.parametrize("half", ["asked", "told"])
def test_gold_is_the_truth_of_the_world(half: str, claims: int) -> None:
    data = loaded(half=half, claims=claims, shifts=[])
    for split in ("transfer", "test"):
        texts = data.labelled_by_supervisor()[split].inputs.texts
        gold = data.vault.release("score", split)
        assert [true_of(text) for text in texts] == gold.astype(bool).tolist()
        assert abs(gold.mean() - 0.5) < 0.03
        assert {WORLD.told[subject] for text in texts for subject, *_ in facts_of(text)} == {half == "told"}


@pytest.mark.parametrize("claims", [1, 2])
def test_no_fact_is_in_two_splits(claims: int) -> None:
    data = loaded(claims=claims)
    splits = {"supervision": data.supervision, "transfer": data.transfer, "test": data.tests["test"]}
    seen = {name: {fact[:2] for text in part.inputs.texts for fact in facts_of(text)} for name, part in splits.items()}
    assert not seen["transfer"] & seen["test"]
    assert not seen["supervision"] & (seen["transfer"] | seen["test"])


def test_by_default_the_supervisor_has_gold_of_the_head_where_the_layman_is_right() -> None:
    data = loaded()
    head = data.supervision.metadata["difficulty"]
    assert head.max() < data.tests["hard"].metadata["difficulty"].min()
    gold, layman = data.vault.release("score", "supervision"), data.supervision.metadata["recorded.layman"]
    assert (gold == layman).mean() > 0.9
    hard = data.vault.release("score", "hard")
    assert (hard == data.tests["hard"].metadata["recorded.layman"]).mean() < 0.7


def test_statements_about_a_fact_are_asked_by_different_people() -> None:
    data = loaded(shifts=[])
    part = data.transfer
    by_fact: dict[int, list[str]] = {}
    for unit, who, gold in zip(
        part.metadata["together"], part.metadata["asked_by"], data.vault.release("score", "transfer"), strict=True
    ):
        if gold:
            by_fact.setdefault(int(unit), []).append(str(who))
    assert all(len(set(who)) == len(who) == 4 for who in by_fact.values())
    assert set(part.metadata["group"]) == set(RELATIONS[:4])


def test_a_novel_order_has_the_same_words_and_gold() -> None:
    plain, novel = loaded(shifts=[]), loaded(shifts=[], unseen=1.0)

    def by_words(data: TaskData) -> dict[tuple[str, ...], int]:
        gold = data.vault.release("score", "transfer")
        return {tuple(sorted(text.split())): int(g) for text, g in zip(data.transfer.inputs.texts, gold, strict=True)}

    one, other = by_words(plain), by_words(novel)
    assert all(one[words] == other[words] for words in set(one) & set(other))
    assert all(text.split()[0] not in PEOPLE and text.endswith("?") for text in novel.transfer.inputs.texts)
    share = np.mean([text.split()[0] not in PEOPLE for text in loaded(unseen=0.25, shifts=[]).corpus.texts])
    assert abs(share - 0.25) < 0.03


def test_other_ways_of_asking_change_who_asks_and_nothing_else() -> None:
    data, task = loaded(), Facts()
    ways = task.asked_otherwise(data.transfer.inputs)
    assert len(ways) == len(PEOPLE)
    for who, way in zip(PEOPLE, ways, strict=True):
        assert all(text.split()[0] == who for text in way.texts)
        assert [text.split()[1:] for text in way.texts] == [text.split()[1:] for text in data.transfer.inputs.texts]
    no, yes = task.answered(data.transfer.inputs)
    assert all(a.endswith("? no") and b.endswith("? yes") for a, b in zip(no.texts, yes.texts, strict=True))


def test_the_laymans_opinion_is_that_of_the_world() -> None:
    data = loaded(shifts=[])
    said: AnyArray = data.transfer.metadata["recorded.layman"]
    beliefs = [all(WORLD.beliefs[s, r] == thing for s, r, thing in facts_of(t)) for t in data.transfer.inputs.texts]
    assert beliefs == said.astype(bool).tolist()
