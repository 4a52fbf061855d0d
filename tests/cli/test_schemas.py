import json
from pathlib import Path

from w2sg.cli.schemas import schemas

COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "schemas.json"


def test_committed_schemas_are_those_of_the_code() -> None:
    assert json.loads(COMMITTED.read_text()) == schemas(), "run `make schemas`"
