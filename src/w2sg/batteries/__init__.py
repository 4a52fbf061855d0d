"""Batteries: what happens to a setup as each disanalogy is turned up, and whether deception is found."""

from w2sg.batteries.battery import Battery as Battery
from w2sg.batteries.battery import TestedDial as TestedDial
from w2sg.batteries.battery import TestedSetting as TestedSetting
from w2sg.batteries.battery import run_battery as run_battery
from w2sg.batteries.battery import verdict_of as verdict_of
from w2sg.batteries.choices import Choosing as Choosing
from w2sg.batteries.contract import Disanalogy as Disanalogy
from w2sg.batteries.contract import Setting as Setting
from w2sg.batteries.disanalogies import corpus as corpus
from w2sg.batteries.disanalogies import errors as errors
from w2sg.batteries.disanalogies import families as families
from w2sg.batteries.disanalogies import formats as formats
from w2sg.batteries.disanalogies import gap as gap
from w2sg.batteries.disanalogies import labels as labels
from w2sg.batteries.disanalogies import trusted as trusted
from w2sg.batteries.documents import battery_document as battery_document
from w2sg.batteries.faith import Leap as Leap
from w2sg.batteries.faith import LeapOfFaith as LeapOfFaith
