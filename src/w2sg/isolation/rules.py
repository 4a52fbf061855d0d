"""Which parts of plugins are isolated, and how one says that a plugin is trusted."""

TRUSTED = "trusted:"
"""What stands before a plugin's path where it is to run in the laboratory's process."""
ISOLATED = ("methods", "students", "objectives", "stoppings", "selections", "relabelings", "chains", "features")
"""The contracts whose components train students, and so can do their work without ground truth."""
