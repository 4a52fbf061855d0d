"""Contract tests: what every component, and every variant of signal, must do.

Subclass one with `spec` set; pytest runs the rest::

    from w2sg.testing import ObjectiveContract

    class TestMine(ObjectiveContract):
        spec = "mine"

The package's own components are held to the same classes. They need pytest.
"""

from w2sg.testing.base import ComponentContract as ComponentContract
from w2sg.testing.base import Spec as Spec
from w2sg.testing.base import registered as registered
from w2sg.testing.features import FeatureContract as FeatureContract
from w2sg.testing.methods import MethodContract as MethodContract
from w2sg.testing.objectives import ObjectiveContract as ObjectiveContract
from w2sg.testing.parts import ChainContract as ChainContract
from w2sg.testing.parts import RelabelingContract as RelabelingContract
from w2sg.testing.parts import SelectionContract as SelectionContract
from w2sg.testing.parts import StoppingContract as StoppingContract
from w2sg.testing.samples import Sample as Sample
from w2sg.testing.samples import numbered_classes as numbered_classes
from w2sg.testing.samples import samples as samples
from w2sg.testing.signals import SignalContract as SignalContract
from w2sg.testing.students import StudentContract as StudentContract
from w2sg.testing.supervisors import SupervisorContract as SupervisorContract
from w2sg.testing.tasks import TaskContract as TaskContract
from w2sg.testing.writers import Rote as Rote
from w2sg.testing.writers import written_sample as written_sample
from w2sg.testing.writers import written_view as written_view
from w2sg.testing.written import WritingMethodContract as WritingMethodContract
