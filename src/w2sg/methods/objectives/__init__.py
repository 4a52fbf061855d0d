"""Objectives: what pulls the student at each step."""

from w2sg.methods.objectives.base import TargetObjective as TargetObjective
from w2sg.methods.objectives.confidence import Confidence as Confidence
from w2sg.methods.objectives.cross_entropy import CrossEntropy as CrossEntropy
from w2sg.methods.objectives.product import Product as Product
