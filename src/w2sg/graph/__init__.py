"""The step graph: steps and their keys, the store and its ledger, launchers. It knows no task and no method.

A step is declared by subclassing `Step`; `execute` makes what the store lacks of a list of steps.
"""

from w2sg.graph.compute import Failure as Failure
from w2sg.graph.compute import Report as Report
from w2sg.graph.compute import compute as compute
from w2sg.graph.compute import working_with as working_with
from w2sg.graph.costs import Labels as Labels
from w2sg.graph.costs import MeanSeconds as MeanSeconds
from w2sg.graph.database import CACHED as CACHED
from w2sg.graph.database import LISTED as LISTED
from w2sg.graph.database import MIGRATIONS as MIGRATIONS
from w2sg.graph.entries import Finished as Finished
from w2sg.graph.entries import LedgerEntry as LedgerEntry
from w2sg.graph.entries import Result as Result
from w2sg.graph.execute import Execution as Execution
from w2sg.graph.execute import Progress as Progress
from w2sg.graph.execute import artifacts_of as artifacts_of
from w2sg.graph.execute import execute as execute
from w2sg.graph.execute import pin_threads as pin_threads
from w2sg.graph.keys import THREADS as THREADS
from w2sg.graph.keys import Keys as Keys
from w2sg.graph.keys import versions as versions
from w2sg.graph.launchers import InProcess as InProcess
from w2sg.graph.launchers import Launcher as Launcher
from w2sg.graph.launchers import Prepare as Prepare
from w2sg.graph.launchers import Processes as Processes
from w2sg.graph.launchers import Unit as Unit
from w2sg.graph.launchers import WorkerPool as WorkerPool
from w2sg.graph.launchers import nothing as nothing
from w2sg.graph.sharing import shared as shared
from w2sg.graph.sharing import sharing as sharing
from w2sg.graph.steps import REFUSED as REFUSED
from w2sg.graph.steps import Artifact as Artifact
from w2sg.graph.steps import Inputs as Inputs
from w2sg.graph.steps import Listing as Listing
from w2sg.graph.steps import Step as Step
from w2sg.graph.steps import on_behalf_of as on_behalf_of
from w2sg.graph.store import Store as Store
from w2sg.graph.watching import Ahead as Ahead
from w2sg.graph.watching import OnlyPlannedError as OnlyPlannedError
from w2sg.graph.watching import PlannedWork as PlannedWork
from w2sg.graph.watching import Watch as Watch
from w2sg.graph.watching import expect as expect
from w2sg.graph.watching import planning as planning
from w2sg.graph.watching import watching as watching
