"""Elicitation: methods that search what the student knows by itself."""

from w2sg.methods.elicitation.coherence import Coherence as Coherence
from w2sg.methods.elicitation.contrast import ContrastConsistency as ContrastConsistency
from w2sg.methods.elicitation.contrast import ContrastPca as ContrastPca
from w2sg.methods.elicitation.single_flips import InternalCoherence as InternalCoherence
