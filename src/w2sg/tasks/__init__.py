"""Tasks: distributions of examples with ground truth, their splits and their test sets."""

from w2sg.tasks.embedded import BreastCancer as BreastCancer
from w2sg.tasks.embedded import Digits as Digits
from w2sg.tasks.embedded import Wine as Wine
from w2sg.tasks.facts import Facts as Facts
from w2sg.tasks.files import Files as Files
from w2sg.tasks.gaussian import Gaussian as Gaussian
from w2sg.tasks.nlp import Nlp as Nlp
from w2sg.tasks.nlp import ShiftPair as ShiftPair
from w2sg.tasks.nlp import shift_pairs as shift_pairs
from w2sg.tasks.recorded import RecordedAnswers as RecordedAnswers
from w2sg.tasks.shifts import AnyShift as AnyShift
from w2sg.tasks.shifts import Domain as Domain
from w2sg.tasks.shifts import EasyToHard as EasyToHard
from w2sg.tasks.shifts import Groups as Groups
from w2sg.tasks.shifts import HeldOut as HeldOut
from w2sg.tasks.shifts import InputShift as InputShift
from w2sg.tasks.shifts import Noise as Noise
from w2sg.tasks.shifts import Occlusion as Occlusion
from w2sg.tasks.shifts import Rotation as Rotation
from w2sg.tasks.shifts import Shift as Shift
from w2sg.tasks.shown import Shown as Shown
from w2sg.tasks.splits import SplitTask as SplitTask
from w2sg.tasks.table import CountedTable as CountedTable
from w2sg.tasks.table import Table as Table
from w2sg.tasks.written import Gsm8k as Gsm8k
from w2sg.tasks.written import Sums as Sums
