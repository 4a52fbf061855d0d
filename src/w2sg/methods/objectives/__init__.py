"""Objectives: what pulls the student at each step."""

from w2sg.methods.objectives.adaptive import AdaptConf as AdaptConf
from w2sg.methods.objectives.adaptive import Entropy as Entropy
from w2sg.methods.objectives.base import TargetObjective as TargetObjective
from w2sg.methods.objectives.confidence import Confidence as Confidence
from w2sg.methods.objectives.correction import Correction as Correction
from w2sg.methods.objectives.cross_entropy import CrossEntropy as CrossEntropy
from w2sg.methods.objectives.divergence import Divergence as Divergence
from w2sg.methods.objectives.early_learning import EarlyLearning as EarlyLearning
from w2sg.methods.objectives.label_noise import GeneralizedCrossEntropy as GeneralizedCrossEntropy
from w2sg.methods.objectives.label_noise import LabelSmoothing as LabelSmoothing
from w2sg.methods.objectives.label_noise import SymmetricCrossEntropy as SymmetricCrossEntropy
from w2sg.methods.objectives.product import Product as Product
from w2sg.methods.objectives.released import EleutherLogconf as EleutherLogconf
from w2sg.methods.objectives.released import OpenaiLogconf as OpenaiLogconf
from w2sg.methods.objectives.selective import CoTeaching as CoTeaching
from w2sg.methods.objectives.selective import SmallLoss as SmallLoss
from w2sg.methods.objectives.selective import Window as Window
