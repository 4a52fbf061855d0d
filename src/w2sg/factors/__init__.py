"""Factors: what moves generalization, by how much, where, and for which requirement."""

from w2sg.factors import catalogue as catalogue
from w2sg.factors.contract import Factor as Factor
from w2sg.factors.designs import FactorDesign as FactorDesign
from w2sg.factors.documents import factors_document as factors_document
from w2sg.factors.optimised_document import optimised_document as optimised_document
from w2sg.factors.optimising import Optimised as Optimised
from w2sg.factors.optimising import optimise as optimise
from w2sg.factors.results import FactorResults as FactorResults
from w2sg.factors.results import run_factors as run_factors
from w2sg.factors.study import FactorStudy as FactorStudy
