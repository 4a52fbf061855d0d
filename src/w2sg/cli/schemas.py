"""`python -m w2sg.cli.schemas`: the JSON schemas of study files and setups, as one document.

The schema of a component is what `w2sg describe KIND NAME --json` prints.
"""

import json
import sys
from typing import Any


def schemas() -> dict[str, Any]:
    """Return the schemas of `study` and `setup`."""
    from w2sg.lab import Setup, Study

    return {"study": Study.model_json_schema(), "setup": Setup.model_json_schema()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schemas(), indent=2, sort_keys=True) + "\n")
