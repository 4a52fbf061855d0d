import pytest
from made_results import ladder, result, study

from w2sg.core import Card, wording
from w2sg.lab import StudyResult, study_document
from w2sg.lab.documents.findings import study_findings
from w2sg.lab.results import MARGIN


def cards(made: StudyResult) -> tuple[Card, ...]:
    (places, *_) = study_document(made).sections
    return places.cards


def sentences(*results: object) -> list[tuple[str, str]]:
    (group,) = cards(study(*results))  # type: ignore[arg-type]
    return [(one.tone, one.text) for one in group.findings]


def test_a_better_and_a_hurting_method_are_said_with_their_numbers() -> None:
    made = study(result("naive", 0.7), result("confidence", 0.78), result("product", 0.62))
    (group,) = cards(made)
    gain, better, worse = group.findings
    assert gain.tone == "better"
    assert gain.text.startswith("With naive the student exceeds its weak supervisor: gain +0.")
    compared = made.comparisons[0].rivals
    assert better.tone == "better"
    assert better.text.startswith(f"confidence beats naive by {compared['confidence'].difference.estimate:.3f} [0.")
    assert worse.tone == "worse"
    assert worse.text.startswith(
        f"product hurts: naive is better by {-compared['product'].difference.estimate:.3f} [0."
    )
    assert worse.text.endswith("accuracy (Holm p < .001).")


def test_nothing_found_is_not_called_equal() -> None:
    (_, open_) = sentences(result("naive", 0.7), result("confidence", 0.7))
    assert open_[0] == "open"
    assert open_[1].startswith("No method differs from naive beyond chance: 1 method compared (smallest Holm p")
    assert open_[1].endswith("This does not show that they are equal.")


def test_undecided_methods_are_named_beside_the_decided() -> None:
    found = sentences(result("naive", 0.7), result("confidence", 0.78), result("product", 0.7))
    assert [tone for tone, _ in found] == ["better", "better", "open"]
    assert found[-1][1].startswith("No difference from naive was shown for product (smallest Holm p")


def test_the_adjusted_p_value_decides() -> None:
    made = study(result("naive", 0.7), result("confidence", 0.78))
    comparison = made.comparisons[0].rivals["confidence"]
    object.__setattr__(comparison, "p_value", 0.01)
    object.__setattr__(comparison, "p_adjusted", 0.051)
    (group,) = cards(made)
    assert [one.tone for one in group.findings] == ["better", "open"]
    assert "smallest Holm p = .051" in group.findings[1].text


def test_the_student_may_fall_behind_or_stay_open() -> None:
    assert sentences(result("naive", 0.5))[0][0] == "worse"
    assert "falls behind its weak supervisor: gain −0." in sentences(result("naive", 0.5))[0][1]
    tone, text = sentences(result("naive", 0.6))[0]
    assert tone == "open"
    assert "it stays open whether the student exceeds its supervisor" in text


def test_refused_pgr_and_few_seeds_are_remarks() -> None:
    one = study(result("naive", 0.61, weak=0.6, ceiling=0.62, seeds=1))
    notes = [finding.text for finding in study_findings(one)]
    assert any(text.startswith("No PGR is reported for this setup") for text in notes)
    assert any(text.startswith("One seed:") for text in notes)
    assert "no PGR is reported, the gap is too small" in cards(one)[0].findings[0].text


def test_several_combinations_are_counted() -> None:
    made = study(*ladder(50, 100, methods=("naive", "confidence")))
    texts = [finding.text for finding in study_findings(made)]
    assert (
        texts[0] == "confidence beats naive in 2 of 2 combinations of task, supervisor and student, and hurts in none."
    )
    assert "Holm's correction runs within each of the 2 combinations" in texts[-1]
    same = study(*(result(m, 0.7, model=s) for s in ("linear", "mlp") for m in ("naive", "product")))
    assert study_findings(same)[0].text.startswith("No difference from naive was shown for product in any of 2")


def test_what_was_done_counts_everything() -> None:
    text = study_document(study(*ladder(50, 100), result("naive", others=["noise"]))).lead
    assert text.startswith(
        "30 runs: 5 setups under 6 seeds each, from 1 task (gaussian), 1 weak supervisor (few-features), "
    )
    assert "2 methods (naive, confidence)" in text
    assert text.endswith("400 test examples scored each run, with further test sets noise.")


def test_gold_that_does_the_students_work_is_told_before_what_stays_open() -> None:
    made = study(result("naive", 0.7, direct=0.8), result("confidence", 0.7, direct=0.8))
    (group,) = cards(made)
    assert [one.tone for one in group.findings] == ["better", "note", "open"]
    (comparison,) = made.comparisons
    assert comparison.direct is not None
    assert comparison.faithful is False
    assert group.findings[1].text == (
        "Not faithful: trained on the supervision gold itself, the student differs from naive by "
        f"{wording.difference(comparison.direct.difference)}; a method that uses that gold proves nothing here by "
        "being better."
    )
    assert comparison.direct.difference.low > 0
    direct = result("naive", 0.7, direct=0.8).tests["test"].direct_pgr
    assert direct is not None
    assert comparison.direct.difference.estimate == pytest.approx(
        direct.student.estimate - made.results[0].pgr.student.estimate
    )


@pytest.mark.parametrize("direct", [0.62, 0.7])
def test_gold_that_is_no_gain_over_weak_labels_makes_a_place_faithful(direct: float) -> None:
    made = study(result("naive", 0.7, direct=direct))
    assert made.comparisons[0].faithful is True
    (said,) = [one.text for one in cards(made)[0].findings if "aithful" in one.text]
    high = made.comparisons[0].direct.difference.high if made.comparisons[0].direct else 0
    assert "trained on the supervision gold itself, the student differs from naive by " in said
    if high <= MARGIN:
        assert (said.split(":")[0], said.split(", ")[-1]) == ("Faithful", "which is no gain.")
    else:
        assert said.startswith("Faithful, as far as is shown: ")
        assert said.endswith(f"; no gain was shown, and one of up to +{high:.3f} is possible.")


def test_without_a_direct_student_nothing_is_said_of_faithfulness() -> None:
    made = study(result("naive", 0.7))
    assert (made.comparisons[0].direct, made.comparisons[0].faithful) == (None, None)
    assert not [one for one in cards(made)[0].findings if "aithful" in one.text]
