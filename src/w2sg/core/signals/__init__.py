"""Signals: what a supervisor gives and a student answers, in a closed set of variants, one file for each."""

from w2sg.core.signals.base import Question as Question
from w2sg.core.signals.base import Signal as Signal
from w2sg.core.signals.base import check_variant as check_variant
from w2sg.core.signals.base import pack_signals as pack_signals
from w2sg.core.signals.base import unpack_signals as unpack_signals
from w2sg.core.signals.classes import Classes as Classes
from w2sg.core.signals.classes import ClassProbabilities as ClassProbabilities
from w2sg.core.signals.classes import S as S
from w2sg.core.signals.preferences import BetterOfTwo as BetterOfTwo
from w2sg.core.signals.preferences import Preferences as Preferences
from w2sg.core.signals.steps import RightSteps as RightSteps
from w2sg.core.signals.steps import ScoredSteps as ScoredSteps
from w2sg.core.signals.texts import KEYS as KEYS
from w2sg.core.signals.texts import SCORERS as SCORERS
from w2sg.core.signals.texts import Key as Key
from w2sg.core.signals.texts import Scorer as Scorer
from w2sg.core.signals.texts import Texts as Texts
from w2sg.core.signals.texts import WrittenAnswers as WrittenAnswers
from w2sg.core.signals.texts import agreeing as agreeing
from w2sg.core.signals.texts import exact_match as exact_match
from w2sg.core.signals.texts import final_number as final_number
from w2sg.core.signals.texts import majority as majority
from w2sg.core.signals.texts import normalised as normalised
from w2sg.core.signals.texts import number_match as number_match
from w2sg.core.signals.texts import same_answer as same_answer
from w2sg.core.signals.texts import self_consistency as self_consistency
