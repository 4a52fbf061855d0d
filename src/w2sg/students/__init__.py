"""Strong students: the models that learn from weak labels."""

from w2sg.students.classical import Boosting as Boosting
from w2sg.students.classical import Knn as Knn
from w2sg.students.features import FeatureMap as FeatureMap
from w2sg.students.features import features as features
from w2sg.students.folders import CARD as CARD
from w2sg.students.folders import LoadedModel as LoadedModel
from w2sg.students.folders import load_model as load_model
from w2sg.students.folders import write_model as write_model
from w2sg.students.heads import Head as Head
from w2sg.students.heads import TrainedHead as TrainedHead
from w2sg.students.heads import train_heads as train_heads
from w2sg.students.language import HiddenStates as HiddenStates
from w2sg.students.language import LanguageModel as LanguageModel
from w2sg.students.language import Policy as Policy
from w2sg.students.language import Readout as Readout
from w2sg.students.language import Writer as Writer
from w2sg.students.linear import Linear as Linear
from w2sg.students.mlp import Mlp as Mlp
from w2sg.students.ridge import Ridge as Ridge
