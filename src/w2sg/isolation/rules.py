"""Which parts of plugins are isolated, and how one says that a plugin is trusted."""

TRUSTED = "trusted:"
"""What stands before a plugin's path where it is to run in the laboratory's process."""
TRAINING = ("methods", "students", "objectives", "stoppings", "selections", "relabelings", "chains", "features")
"""The contracts whose components train students, and so can do their work without ground truth."""
ISOLATED = (*TRAINING, "theories")
"""The contracts whose components of plugins run in workers. A theory is given what was observed, as plain data."""
