"""Factors: what moves generalization, by how much, where, and for which requirement."""

from w2sg.factors.catalogue import data as data
from w2sg.factors.catalogue import protocol as protocol
from w2sg.factors.catalogue import student as student
from w2sg.factors.catalogue import supervisor as supervisor
from w2sg.factors.catalogue import training as training
from w2sg.factors.contract import Factor as Factor
from w2sg.factors.designs import FactorDesign as FactorDesign
from w2sg.factors.documents import factors_document as factors_document
from w2sg.factors.optimised_document import optimised_document as optimised_document
from w2sg.factors.optimising import Optimised as Optimised
from w2sg.factors.optimising import optimise as optimise
from w2sg.factors.outcomes import FactorOutcome as FactorOutcome
from w2sg.factors.results import FactorResults as FactorResults
from w2sg.factors.results import run_factors as run_factors
from w2sg.factors.study import FactorStudy as FactorStudy
