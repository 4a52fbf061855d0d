"""Desiderata: what is required of how a student generalizes, decided by a machine with a stated guarantee."""

from w2sg.desiderata import quantities as quantities
from w2sg.desiderata.buying import Decision as Decision
from w2sg.desiderata.buying import buy_until_decided as buy_until_decided
from w2sg.desiderata.buying import margin_of as margin_of
from w2sg.desiderata.checking import Check as Check
from w2sg.desiderata.checking import check_run as check_run
from w2sg.desiderata.checking import check_runs as check_runs
from w2sg.desiderata.contract import AnyQuantity as AnyQuantity
from w2sg.desiderata.contract import Desideratum as Desideratum
from w2sg.desiderata.contract import RunQuantity as RunQuantity
from w2sg.desiderata.documents import check_document as check_document
from w2sg.desiderata.facts import Facts as Facts
from w2sg.desiderata.facts import facts_of_run as facts_of_run
from w2sg.desiderata.formulas import Margin as Margin
from w2sg.desiderata.library import assumptions as assumptions
from w2sg.desiderata.library import kinds as kinds
from w2sg.desiderata.library import requirements as requirements
from w2sg.desiderata.library import strength as strength
from w2sg.desiderata.outcome import JudgedNode as JudgedNode
from w2sg.desiderata.outcome import Outcome as Outcome
from w2sg.desiderata.specification import Specification as Specification
from w2sg.desiderata.studies import judged as judged
from w2sg.desiderata.tree import Requirement as Requirement
