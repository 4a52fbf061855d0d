"""Methods that read the density of the inputs, and methods that choose among many students."""

from w2sg.methods.auto.density import GaussianClusters as GaussianClusters
from w2sg.methods.auto.density import LabelSpreading as LabelSpreading
from w2sg.methods.auto.selectors import AutoAggregates as AutoAggregates
from w2sg.methods.auto.selectors import AutoSupervision as AutoSupervision
from w2sg.methods.auto.selectors import AutoWeak as AutoWeak
