"""Batteries: what happens to a setup as each disanalogy is turned up, and whether deception is found."""

from w2sg.batteries.battery import Battery as Battery
from w2sg.batteries.battery import Tested as Tested
from w2sg.batteries.battery import TestedSetting as TestedSetting
from w2sg.batteries.battery import run_battery as run_battery
from w2sg.batteries.battery import verdict_of as verdict_of
from w2sg.batteries.contract import Disanalogy as Disanalogy
from w2sg.batteries.contract import Setting as Setting
from w2sg.batteries.deception.analogs import Deception as Deception
from w2sg.batteries.deception.detectors import Detector as Detector
from w2sg.batteries.deception.detectors import Evidence as Evidence
from w2sg.batteries.deception.documents import deception_findings as deception_findings
from w2sg.batteries.deception.documents import deception_section as deception_section
from w2sg.batteries.deception.running import DeceptionResults as DeceptionResults
from w2sg.batteries.deception.running import run_deceptions as run_deceptions
from w2sg.batteries.deception.running import worst_of as worst_of
from w2sg.batteries.deception.steps import DeceptionTest as DeceptionTest
from w2sg.batteries.disanalogies import corpus as corpus
from w2sg.batteries.disanalogies import errors as errors
from w2sg.batteries.disanalogies import formats as formats
from w2sg.batteries.disanalogies import gap as gap
from w2sg.batteries.documents import battery_document as battery_document
