"""Weak supervisors: trained models under a handicap, simulated annotators, rules that vote, and panels."""

from w2sg.supervisors.boosted import Boosted as Boosted
from w2sg.supervisors.calibrated import Calibrated as Calibrated
from w2sg.supervisors.combine import ABSTAIN as ABSTAIN
from w2sg.supervisors.combine import DawidSkene as DawidSkene
from w2sg.supervisors.combine import dawid_skene as dawid_skene
from w2sg.supervisors.combine import majority as majority
from w2sg.supervisors.combine import mean_votes as mean_votes
from w2sg.supervisors.combine import posterior_mean as posterior_mean
from w2sg.supervisors.panel import Panel as Panel
from w2sg.supervisors.recorded import Recorded as Recorded
from w2sg.supervisors.rules import PatternRule as PatternRule
from w2sg.supervisors.rules import Rules as Rules
from w2sg.supervisors.simulated import Simulated as Simulated
from w2sg.supervisors.trained import TrainedSupervisor as TrainedSupervisor
from w2sg.supervisors.triplets import LabelModel as LabelModel
from w2sg.supervisors.triplets import label_model as label_model
from w2sg.supervisors.written import RecordedSolutions as RecordedSolutions
from w2sg.supervisors.written import WriterSupervisor as WriterSupervisor
