"""Foreign code away from ground truth: workers that hold none, what they may do, and what stands for their parts."""

from w2sg.isolation.foreign import plugins_of as plugins_of
from w2sg.isolation.plugins import TRUSTED as TRUSTED
from w2sg.isolation.plugins import load_plugins as load_plugins
from w2sg.isolation.plugins import loading_again as loading_again
from w2sg.isolation.plugins import plugin_from as plugin_from
from w2sg.isolation.session import isolation_tier as isolation_tier
from w2sg.isolation.sources import Plugin as Plugin
