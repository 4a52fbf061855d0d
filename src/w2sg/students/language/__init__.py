"""Language models: frozen, fine-tuned, or read out by the words they would say. Nothing here needs torch to import."""

from w2sg.students.language.frozen import HiddenStates as HiddenStates
from w2sg.students.language.readout import Readout as Readout
from w2sg.students.language.student import LanguageModel as LanguageModel
from w2sg.students.language.writer import Policy as Policy
from w2sg.students.language.writer import Writer as Writer
