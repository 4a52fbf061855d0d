"""Methods: how the student learns from weak labels."""

from w2sg.methods import catalogue as catalogue
from w2sg.methods.chain import Bootstrap as Bootstrap
from w2sg.methods.chain import Direct as Direct
from w2sg.methods.composition import Composition as Composition
from w2sg.methods.objectives import Confidence as Confidence
from w2sg.methods.objectives import CrossEntropy as CrossEntropy
from w2sg.methods.objectives import Product as Product
from w2sg.methods.objectives import TargetObjective as TargetObjective
from w2sg.methods.parts import Chain as Chain
from w2sg.methods.parts import Relabeling as Relabeling
from w2sg.methods.parts import Selection as Selection
from w2sg.methods.parts import Stage as Stage
from w2sg.methods.relabel import Harden as Harden
from w2sg.methods.relabel import Keep as Keep
from w2sg.methods.select import All as All
from w2sg.methods.select import ConfidentOnly as ConfidentOnly
from w2sg.methods.stopping import Fixed as Fixed
from w2sg.methods.stopping import WeakValidation as WeakValidation
