"""Methods of written answers: what is learned, from which answers, on which prompts."""

from typing import Any

import numpy as np
import pytest

from w2sg.core import AnyArray, WritingPredictor, derive, final_number, normalised
from w2sg.methods import Imitation, WeakPreferences
from w2sg.methods.written.preferences import judged
from w2sg.testing import Rote, written_sample, written_view
from w2sg.testing.writers import N_SHOWN, Recital

SAMPLE = written_sample()
GOLD = SAMPLE.gold
PROMPTS = SAMPLE.corpus.texts
SAID = SAMPLE.examples.metadata["written.annotator"]
SHOWN = PROMPTS[:N_SHOWN]


def known(trained: WritingPredictor) -> dict[str, str]:
    assert isinstance(trained, Recital)
    return dict(trained.known)


def learned(method: Any, student: Rote | None = None, samples: AnyArray | None = None) -> dict[str, str]:
    return known(method.fit(written_view(SAID, samples), student or Rote(), derive(0, "method")))


def texts(rows: list[list[str]]) -> AnyArray:
    return np.array(rows, dtype=object)


def test_naive_learns_every_weak_answer() -> None:
    assert learned(Imitation()) == dict(zip(SHOWN, SAID, strict=False))


@pytest.mark.parametrize("word", [0, 1])
def test_agreement_keeps_what_the_student_says_by_itself(word: int) -> None:
    own = [prompt.split()[word] for prompt in SHOWN]
    agreed = {prompt: weak for prompt, weak, mine in zip(SHOWN, SAID, own, strict=False) if weak == mine}
    assert 0 < len(agreed) < N_SHOWN
    assert learned(Imitation(keep="agreeing"), Rote(word=word)) == agreed


def test_where_nothing_agrees_the_student_stays_as_published() -> None:
    view = written_view(np.full(len(GOLD), "nothing", dtype=object))
    trained = Imitation(keep="agreeing").fit(view, Rote(), derive(0, "method"))
    assert known(trained) == {}
    assert dict(trained.notes) == {"learned_from": 0}


def test_the_majority_is_of_the_supervisors_samples() -> None:
    samples = np.stack([SAID, GOLD, GOLD], axis=1)
    assert learned(Imitation(learned="weak-majority"), samples=samples) == dict(zip(SHOWN, GOLD, strict=False))


def test_nothing_learned_is_the_student_as_published() -> None:
    assert learned(Imitation(learned="nothing")) == learned(Imitation(learned="nothing", keep="agreeing")) == {}


def test_the_own_majority_hears_no_supervisor() -> None:
    method = Imitation(learned="own-majority", own_samples=5)
    other = written_view(np.full(len(GOLD), "nothing", dtype=object))
    found = learned(method)
    assert found == known(method.fit(other, Rote(), derive(0, "method")))
    assert set(found) == set(SHOWN)
    assert all(answer in prompt.split() for prompt, answer in found.items())


def test_preferences_side_with_the_supervisor() -> None:
    found = learned(WeakPreferences())
    weak = dict(zip(SHOWN, SAID, strict=False))
    assert len(found) > N_SHOWN / 2
    assert all(weak[prompt] == answer for prompt, answer in found.items())


def test_preferences_without_a_difference_teach_nothing() -> None:
    view = written_view(np.full(len(GOLD), "nothing", dtype=object))
    trained = WeakPreferences().fit(view, Rote(), derive(0, "method"))
    assert (known(trained), dict(trained.notes)) == ({}, {"learned_from": 0})


def test_preferences_may_begin_with_imitation() -> None:
    found = learned(WeakPreferences(begin="imitation"))
    assert found == dict(zip(SHOWN, SAID, strict=False))


def test_votes_are_those_of_the_supervisors_samples() -> None:
    own = texts([["a", "b", "A."], ["c", "c", "d"], ["x", "y", "z"]])
    said = texts([["b", "a", "b", "b"], ["q", "q", "q", "q"], ["y", "Y", "z", "q"]])
    best, worst, preferred = judged(own, said, normalised)
    assert best.tolist() == [1, 0, 1]
    assert worst.tolist() == [0, 0, 0]
    np.testing.assert_allclose(preferred, [4 / 6, 1 / 2, 3 / 4])


def test_an_answer_without_a_number_has_no_vote() -> None:
    best, worst, preferred = judged(texts([["none", "so 3"]]), texts([["none", "none"]]), final_number)
    assert (best[0], worst[0], preferred[0]) == (0, 0, 0.5)
    assert judged(texts([["none", "so 3"]]), texts([["#### 3.0", "none"]]), final_number)[2].tolist() == [2 / 3]


class Cut(Rote):
    """Whose answers never end by themselves."""

    def published(self) -> "CutRecital":
        return CutRecital(self, {})


class CutRecital(Recital):
    def write(self, prompts: Any, samples: int = 1, temperature: float = 0.0, *, rng: Any = None) -> Any:
        wrote = super().write(prompts, samples, temperature, rng=rng)
        wrote.ended[:] = False
        return wrote


@pytest.mark.parametrize("method", [Imitation(learned="own-majority", own_samples=5), WeakPreferences()])
def test_own_answers_that_were_cut_are_not_learned(method: Any) -> None:
    assert learned(method, Cut()) == {}
