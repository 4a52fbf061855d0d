"""Published text data sets: their formats as data, read from local files or from the hub."""

from w2sg.tasks.nlp.formats import BURNS as BURNS
from w2sg.tasks.nlp.formats import FORMATS as FORMATS
from w2sg.tasks.nlp.pairs import ShiftPair as ShiftPair
from w2sg.tasks.nlp.pairs import shift_pairs as shift_pairs
from w2sg.tasks.nlp.shapes import TextSet as TextSet
from w2sg.tasks.nlp.task import Nlp as Nlp
