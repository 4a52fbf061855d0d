"""The laboratory: setups, runs and studies, the step graph, the cache, the store, launchers."""

from w2sg.lab.arenas import Arena as Arena
from w2sg.lab.arenas import Entrant as Entrant
from w2sg.lab.runs import default_store as default_store
from w2sg.lab.league import Halves as Halves
from w2sg.lab.league import League as League
from w2sg.lab.league import halves as halves
from w2sg.lab.league import league_of as league_of
from w2sg.lab.results import Contest as Contest
from w2sg.lab.results import SetupResult as SetupResult
from w2sg.lab.results import StudyResult as StudyResult
from w2sg.lab.results import TestSet as TestSet
from w2sg.lab.setup import Setup as Setup
from w2sg.lab.setup import make_setup as make_setup
from w2sg.lab.setup import name_of as name_of
from w2sg.lab.setup import named_methods as named_methods
from w2sg.lab.setup import parse_setting as parse_setting
from w2sg.lab.setup import stored_label as stored_label
from w2sg.lab.standings import Pooled as Pooled
from w2sg.lab.standings import Ranking as Ranking
from w2sg.lab.standings import Recovery as Recovery
from w2sg.lab.standings import Standing as Standing
from w2sg.lab.studies import Study as Study
from w2sg.lab.studies import known_study as known_study
from w2sg.lab.studies import recall as recall
from w2sg.lab.studies import run as run
from w2sg.lab.studies import study as study
