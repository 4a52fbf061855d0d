"""Factors: what moves generalization, by how much, where, and for which requirement."""

from w2sg.factors import catalogue as catalogue
from w2sg.factors.contract import Factor as Factor
from w2sg.factors.designs import Design as Design
