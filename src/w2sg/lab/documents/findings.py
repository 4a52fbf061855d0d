"""What a study found, in sentences made from its numbers, and no more than they bear."""

from collections import Counter
from collections.abc import Sequence

from w2sg.core import Finding, wording
from w2sg.lab.cautions import PLACE, shared_cautions
from w2sg.lab.comparisons import Comparison, Verdict
from w2sg.lab.documents.parts import Marks, notes, short
from w2sg.lab.results import ALPHA, MARGIN, SetupResult, StudyResult
from w2sg.measure import PairedDifference

MOST_NAMED = 6


def study_findings(study: StudyResult) -> list[Finding]:
    """Return what holds over the whole study."""
    compared = [comparison for comparison in study.comparisons if comparison.rivals]
    # Most setups share one remark, such as that there is one seed; it is said once.
    said = dict.fromkeys(result.pgr.note for result in study.results if result.pgr.note)
    remarks = [one for one in said if not any(one in other for other in said if other != one)]
    texts = [
        *_rows(study.results),
        *_refusals(study.results),
        *(f"{text[:1].upper()}{text[1:]}".rstrip(".") + "." for text in remarks),
    ]
    if len(compared) > 1:
        texts.append(
            f"Holm's correction runs within each of the {len(compared)} combinations of task, supervisor and "
            "student, not over all of them: of combinations in which nothing differs, up to "
            f"{100 * ALPHA:g} % would still show a finding."
        )
    marks = Marks(entrant for comparison in study.comparisons for entrant in comparison.entrants)
    tally = _tally(compared) if len(compared) > 1 else []
    return [*tally, *_cautions(study.results), *notes(texts), *marks.legend]


def _cautions(results: Sequence[SetupResult]) -> list[Finding]:
    """Return what makes figures mean little, with the place where there are several."""
    found = shared_cautions(results)
    several = len({tuple(result.label[part] for part in PLACE) for result in results}) > 1
    return [
        Finding(
            "worse" if caution.serious else "note",
            f"Caution, {caution.name}{f' ({place})' if several else ''}: {caution.text}.",
        )
        for place, caution in found
    ]


def place_findings(comparison: Comparison) -> list[Finding]:
    """Return the findings of one task, supervisor and student."""
    reference = short(comparison.reference.method)

    def rivals(verdict: Verdict) -> list[PairedDifference]:
        chosen = [entrant.paired for entrant in comparison.entrants if entrant.verdict == verdict and entrant.paired]
        return sorted(chosen, key=lambda paired: -abs(paired.difference.estimate))

    # The first sentence answers the field's question (is there any generalization?), the others compare methods.
    findings = [_over_supervisor(comparison)]
    marks = Marks(comparison.entrants)
    findings += [Finding("better", _differs(paired, marks, f"beats {reference} by")) for paired in rivals("beats")]
    findings += [
        Finding("worse", _differs(paired, marks, f"hurts: {reference} is better by")) for paired in rivals("hurts")
    ]
    # Undecided methods keep the order of the study: sorting them by their estimates would suggest an order that was not
    # shown.
    names = {paired.name for paired in rivals("no difference")}
    findings += _faithfulness(comparison)
    undecided = [paired for name, paired in comparison.rivals.items() if name in names]
    if undecided:
        findings.append(_undecided(undecided, len(comparison.rivals), reference, marks))
    return findings


def _faithfulness(comparison: Comparison) -> list[Finding]:
    """Return whether the supervision gold itself would have done the student's work."""
    direct = comparison.direct
    if direct is None:
        return []
    reference = short(comparison.reference.method)
    said = f"trained on the supervision gold itself, the student differs from {reference} by"
    found = direct.difference
    if comparison.faithful and found.high <= MARGIN:
        return [Finding("note", f"Faithful: {said} {wording.difference(found)}, which is no gain.")]
    if comparison.faithful:
        possible = f"no gain was shown, and one of up to {wording.signed(found.high)} is possible."
        return [Finding("note", f"Faithful, as far as is shown: {said} {wording.difference(found)}; {possible}")]
    return [
        Finding(
            "note",
            f"Not faithful: {said} {wording.difference(direct.difference)}; a method that uses that gold proves "
            "nothing here by being better.",
        )
    ]


def _over_supervisor(comparison: Comparison) -> Finding:
    """Return whether the student of the reference method exceeds its supervisor."""
    share, method = comparison.reference.pgr, short(comparison.reference.method)
    gain = f"gain {wording.difference(share.gain)}"
    shown = "no PGR is reported, the gap is too small" if share.estimate is None else f"PGR {wording.interval(share)}"
    if share.gain.low > 0:
        return Finding("better", f"With {method} the student exceeds its weak supervisor: {gain}; {shown}.")
    if share.gain.high < 0:
        return Finding("worse", f"With {method} the student falls behind its weak supervisor: {gain}; {shown}.")
    # An interval that holds 0 decides nothing: neither that there is a gain nor that there is none.
    return Finding("open", f"With {method} it stays open whether the student exceeds its supervisor: {gain}; {shown}.")


def _differs(paired: PairedDifference, marks: Marks, verb: str) -> str:
    """Return a difference as a sentence; the amount of a loss is written without its sign, its limits swapped."""
    shown = paired.difference
    amount = wording.interval(shown)
    if shown.estimate < 0:
        # "Better by -0.02" would say the opposite of what is meant; turned round, the limits change places too.
        amount = f"{wording.number(-shown.estimate)} {wording.limits(-shown.high, -shown.low)}"
    return f"{marks.named(paired.name)} {verb} {amount} accuracy ({wording.p_statement(paired.p_adjusted, 'Holm p')})."


def _undecided(undecided: Sequence[PairedDifference], n_compared: int, reference: str, marks: Marks) -> Finding:
    low = min(paired.difference.low for paired in undecided)
    high = max(paired.difference.high for paired in undecided)
    least = wording.p_statement(min(paired.p_adjusted for paired in undecided), "smallest Holm p")
    reach = f"({least}; intervals reach from {wording.signed(low)} to {wording.signed(high)})"
    if len(undecided) == n_compared:
        compared = wording.quantity(n_compared, "method")
        text = f"No method differs from {reference} beyond chance: {compared} compared {reach}."
    else:
        names = _some([paired.name for paired in undecided], marks)
        text = f"No difference from {reference} was shown for {names} {reach}."
    return Finding("open", f"{text} This does not show that they are equal.")


def _tally(compared: Sequence[Comparison]) -> list[Finding]:
    """Return for each method how often it beat and hurt each reference."""
    verdicts: dict[tuple[str, str], Counter[Verdict]] = {}
    for comparison in compared:
        for entrant in comparison.entrants[1:]:
            if entrant.paired is not None:
                pair = entrant.method, comparison.reference.method
                verdicts.setdefault(pair, Counter())[entrant.verdict] += 1
    decided = {pair: count for pair, count in verdicts.items() if count["beats"] or count["hurts"]}
    marks = Marks(entrant for comparison in compared for entrant in comparison.entrants)
    # Who helps most comes first; of methods that help as much on balance, the one that was decided more often.
    order = sorted(decided, key=lambda pair: (decided[pair]["hurts"] - decided[pair]["beats"], -decided[pair]["beats"]))
    findings = [_tallied(marks.named(pair[0]), short(pair[1]), decided[pair]) for pair in order]
    for reference in dict.fromkeys(reference for _, reference in verdicts):
        rest = [pair[0] for pair in verdicts if pair[1] == reference and pair not in decided]
        if rest:
            places = f"any of {len(compared)} combinations of task, supervisor and student"
            findings.append(
                Finding(
                    "open", f"No difference from {short(reference)} was shown for {_some(rest, marks)} in {places}."
                )
            )
    return findings


def _tallied(name: str, reference: str, count: "Counter[Verdict]") -> Finding:
    of_all = f"of {wording.quantity(count.total(), 'combination')} of task, supervisor and student"
    better, worse = count["beats"], count["hurts"]
    if better and worse:
        return Finding("open", f"{name} beats {reference} in {better} and hurts in {worse} {of_all}.")
    if better:
        return Finding("better", f"{name} beats {reference} in {better} {of_all}, and hurts in none.")
    return Finding("worse", f"{name} hurts in {worse} {of_all}, and beats {reference} in none.")


def _rows(results: Sequence[SetupResult]) -> list[str]:
    """Return a sentence for each task of which more is to be said than that its rows were read."""
    counts = {result.label["task"]: result.counts for result in results if result.counts}
    texts = []
    for task, of_task in counts.items():
        shown = [
            f"{name}: {wording.count(least)}{f' to {wording.count(most)}' if most > least else ''}"
            for name, (least, most) in of_task.items()
            if most
        ]
        texts += [f"Data of {short(task)}: {'; '.join(shown)}."] if shown else []
    return texts


def _refusals(results: Sequence[SetupResult]) -> list[str]:
    refused = [result for result in results if result.pgr.estimate is None]
    if not refused:
        return []
    # The minimum is the same for all setups of a study.
    minimum = wording.number(refused[0].pgr.minimum_gap, 2)
    of_all = f"{len(refused)} of {wording.quantity(len(results), 'setup')}" if len(results) > 1 else "this setup"
    return [
        f"No PGR is reported for {of_all}: the gap between ceiling and weak supervisor is not surely above {minimum}, "
        "so a ratio over it would say more about noise than about the student. The accuracies are reported."
    ]


def _some(names: Sequence[str], marks: Marks) -> str:
    return marks.some(names, MOST_NAMED) if len(names) <= MOST_NAMED else f"{len(names)} other methods"
