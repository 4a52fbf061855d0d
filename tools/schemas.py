"""`python -m tools.schemas`: the JSON schemas of the files that people write, setups and compositions, as one document.

The schema of a single component is what `w2sg describe KIND NAME --json` prints.
"""

import json
import sys
from typing import Any

from w2sg.desiderata import Specification
from w2sg.factors import FactorStudy
from w2sg.lab import Setup, Study
from w2sg.methods.search import composition_schema


def schemas() -> dict[str, Any]:
    """Return the schemas by name; that of `composition` has every kind of its parts inlined."""
    return {
        "study": Study.model_json_schema(),
        "factor_study": FactorStudy.model_json_schema(),
        "specification": Specification.model_json_schema(),
        "setup": Setup.model_json_schema(),
        "composition": composition_schema(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schemas(), indent=2, sort_keys=True) + "\n")
