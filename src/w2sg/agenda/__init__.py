"""The agenda: claims of the field with a credence each, the evidence of runs, and what to try next."""

from w2sg.agenda.agenda import Agenda as Agenda
from w2sg.agenda.running import Workbench as Workbench
from w2sg.agenda.running import run_agenda as run_agenda
