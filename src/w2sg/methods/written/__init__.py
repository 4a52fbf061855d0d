"""Methods of written answers: imitation of weak answers, as they are or chosen, and preferences between answers."""

from w2sg.methods.written.imitation import Imitation as Imitation
from w2sg.methods.written.preferences import WeakPreferences as WeakPreferences
