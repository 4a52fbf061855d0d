"""How numbers are written, as in `w2sg.core.wording`: here until the last user of this name is gone."""

from w2sg.core.wording import *  # noqa: F403
