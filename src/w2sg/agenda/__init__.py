"""The agenda: claims of the field with a credence each, the evidence of runs, and what to try next."""

from w2sg.agenda.agenda import Agenda as Agenda
from w2sg.agenda.agenda import Trial as Trial
from w2sg.agenda.agenda import add_to as add_to
from w2sg.agenda.claim import ResearchClaim as ResearchClaim
from w2sg.agenda.claim import Site as Site
from w2sg.agenda.costs import Costs as Costs
from w2sg.agenda.costs import RunCatalogue as RunCatalogue
from w2sg.agenda.costs import seconds_of as seconds_of
from w2sg.agenda.documents import agenda_document as agenda_document
from w2sg.agenda.documents import claim_document as claim_document
from w2sg.agenda.documents import next_document as next_document
from w2sg.agenda.documents import score_document as score_document
from w2sg.agenda.effects import ScoredRun as ScoredRun
from w2sg.agenda.effects import effect_of as effect_of
from w2sg.agenda.evidence import Knowledge as Knowledge
from w2sg.agenda.evidence import Measurement as Measurement
from w2sg.agenda.evidence import knowledge_of as knowledge_of
from w2sg.agenda.planning import PlannedExperiment as PlannedExperiment
from w2sg.agenda.planning import Planner as Planner
from w2sg.agenda.predictions import Predicted as Predicted
from w2sg.agenda.predictions import Region as Region
from w2sg.agenda.running import AgendaRun as AgendaRun
from w2sg.agenda.running import Workbench as Workbench
from w2sg.agenda.running import run_agenda as run_agenda
from w2sg.agenda.scoring import scores_of as scores_of
from w2sg.agenda.steps import scored_run as scored_run
