import json
import subprocess
import sys
from pathlib import Path

from tools.schemas import schemas
from w2sg.methods.search import composition_schema

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "reference" / "schemas.json"


def test_committed_schemas_are_those_of_the_code() -> None:
    command = [sys.executable, "-m", "tools.schemas"]  # in a process of its own: without plugins of other tests
    made = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert json.loads(COMMITTED.read_text()) == json.loads(made.stdout), "run `make pages`"


def test_there_are_studies_setups_and_compositions_with_every_kind_of_part() -> None:
    made = schemas()
    assert made.keys() == {"study", "factor_study", "specification", "setup", "composition"}
    assert made["composition"] == composition_schema()
    assert "$ref" not in json.dumps(made["composition"])
