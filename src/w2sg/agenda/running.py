"""Running the agenda: choose, seal what is expected, make the runs, learn; as long as the budget lasts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from w2sg.agenda.agenda import Agenda
from w2sg.agenda.costs import Costs, RunCatalogue, look_up
from w2sg.agenda.evidence import Knowledge, knowledge_of
from w2sg.agenda.planning import MOST_SEEDS, PlannedExperiment, Planner
from w2sg.agenda.steps import experiment_of
from w2sg.core import InputError, RunError
from w2sg.graph import Keys, artifacts_of, expect
from w2sg.isolation import loading_again
from w2sg.lab import make_runs

Tell = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class AgendaRun:
    """What a budget bought.

    Attributes:
        made: The experiments, in their order.
        failed: Why experiments could not be made, by their titles; the next call tries them again.
        seconds: Of a processor that their runs took.
        known: What is known afterwards.
        why_over: Why no further experiment was made.
    """

    made: tuple[PlannedExperiment, ...]
    failed: Mapping[str, str]
    seconds: float
    known: Knowledge
    why_over: str = ""


@dataclass(eq=False)
class Workbench:
    """An agenda with its store: what is known, and what things cost.

    Attributes:
        agenda: The agenda.
        store: The store's folder.
        seeds: The seeds, in the order in which experiments take them.
    """

    agenda: Agenda
    store: Path
    seeds: Sequence[int] = tuple(range(MOST_SEEDS))
    catalogue: RunCatalogue = field(init=False)
    planner: Planner = field(init=False)
    costs: Costs = field(init=False)
    known: Knowledge = field(init=False)
    _keys: Keys = field(init=False, default_factory=Keys)

    def __post_init__(self) -> None:
        self.catalogue = RunCatalogue(self.agenda, self.seeds)
        self.planner = Planner(self.catalogue, self.seeds)
        self.costs = Costs()
        look_up(self.costs, self.catalogue.scores, self.store, self._keys)
        self.known = knowledge_of(self.agenda, self.store)

    def candidates(self) -> list[PlannedExperiment]:
        """Return what may be tried next, the best first."""
        return self.planner.candidates(self.known, self.costs)

    def make(self, planned: PlannedExperiment, workers: int | None = None, plugins: Sequence[str] = ()) -> float:
        """Seal what is expected of an experiment, make its runs, and return the processor seconds that they took.

        Forecasts of all claims that the runs tell of are sealed before the first run is made.

        Raises:
            CapabilityError: If a method does not fit its data.
            InputError: If runs failed because something given breaks a rule.
            RunError: If runs failed.
        """
        seeds, prepare = self.seeds[: planned.n_seeds], loading_again(plugins)
        experiments = [
            experiment_of(
                trial,
                seeds,
                self.planner.expected(trial, planned.n_seeds, self.known),
                self.catalogue.scores_of(trial, seeds),
            )
            for trial in planned.together
        ]
        scores = self.catalogue.scores_of(planned.trial, seeds)
        missing = self.costs.missing(scores)
        expect([*(one for step in experiments for one in step.forecasts), *scores, *experiments], self.store, workers)
        artifacts_of([one for step in experiments for one in step.forecasts], self.store, workers=1)
        made = make_runs(planned.trial.setups, seeds, store=self.store, workers=workers, prepare=prepare)
        look_up(self.costs, scores, self.store, self._keys)
        made.raise_first_problem()
        artifacts_of(experiments, self.store, workers=1)
        found = knowledge_of(self.agenda, self.store, [self._keys.of(step) for step in experiments])
        self.known = self.known.after(found.measurements)
        return self.costs.measured(missing)


def run_agenda(
    bench: Workbench,
    budget_s: float,
    *,
    workers: int | None = None,
    plugins: Sequence[str] = (),
    tell: Tell = lambda _: None,
) -> AgendaRun:
    """Make the most promising experiments that a budget of processor seconds affords, one after the other.

    What was made is kept: after a break the same call goes on with what was learned.

    Args:
        bench: The agenda and its store.
        budget_s: Processor seconds.
        workers: Processes; None chooses.
        plugins: Python files that other processes have to load.
        tell: Told of each experiment.

    Raises:
        InputError: If the cheapest experiment that promises something costs more than the budget.
        RunError: If no experiment could be made because runs failed.
    """
    made: list[PlannedExperiment] = []
    failed: dict[str, str] = {}
    spent = 0.0
    while True:
        candidates = [one for one in bench.candidates() if one.title not in failed]
        affordable = [one for one in candidates if spent + one.seconds <= budget_s]
        if not affordable:
            break
        best = affordable[0]
        promise = f"{best.decides:.3f} claims decided and {best.bits:.3f} bits expected for {best.seconds:.1f} s"
        tell(f"{best.title}, {best.n_seeds} seeds: {promise}")
        try:
            spent += bench.make(best, workers, plugins)
        except (InputError, RunError) as reason:
            failed[best.title] = str(reason)
        else:
            made.append(best)
    if failed and not made:
        raise RunError(f"no experiment could be made; the first: {next(iter(failed.values()))}")
    if candidates and not made:
        cheapest = min(candidates, key=lambda one: one.seconds)
        raise InputError(
            f"the cheapest experiment, {cheapest.title}, is expected to cost {cheapest.seconds:.1f} s, and the budget "
            f"is {budget_s:.1f} s: give a larger --budget"
        )
    why = "the budget affords no further experiment" if candidates else "no experiment promises anything"
    return AgendaRun(tuple(made), failed, spent, bench.known, why)
