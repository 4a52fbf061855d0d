"""What the server of workers has loaded before any of them is forked: the package's methods and students, no data."""

import numpy as np  # noqa: F401

import w2sg.methods
import w2sg.students  # noqa: F401
