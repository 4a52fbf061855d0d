"""Foreign code away from ground truth: workers that hold none, what they may do, and what stands for their parts."""

from w2sg.isolation.plugins import load_plugins as load_plugins
from w2sg.isolation.plugins import loading_again as loading_again
from w2sg.isolation.plugins import plugin_from as plugin_from
