"""Let every thief of the attack tests loose in each trust tier, and see what it gets and what the record says of it.

Each runs in a process of its own, on 178 wines under two seeds: at T0 as a trusted plugin in the laboratory's process,
at T1 in a worker that only Python's own guard holds, at T2 in the sandbox of the system. A thief wins where it knows a
label that nobody gave it, or where the ceiling or a rival is no longer what it is without it.

    python benchmarks/attacks.py
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from w2sg import Store, Study, study
from w2sg.isolation.session import isolation_tier
from w2sg.lab import result_of

THIEVES = Path(__file__).parents[1] / "tests" / "attacks" / "plugins" / "thieves.py"
TASK: dict[str, Any] = {"kind": "wine", "supervision": 30, "transfer": 60}
STUDENT: dict[str, Any] = {"kind": "nystroem", "features": {"count": 12}}
TIERS = ("T0", "T1", "T2")


def kinds() -> list[str]:
    """Return the methods and students among the thieves."""
    lines = THIEVES.read_text(encoding="utf-8").splitlines()
    named = [line.split('"')[1] for line in lines if line.strip().startswith("kind: Literal[")]
    return ["thief-objective" if name == "thief-target" else name for name in named]


def one(name: str, tier: str, folder: Path) -> dict[str, Any]:
    """Run one thief beside naive; called in a process of its own."""
    if tier == "T1":
        from w2sg.isolation import session

        session.why_no_sandbox = lambda: "switched off"  # type: ignore[attr-defined]
    secret = folder / "gold.csv"
    secret.write_text("1,2,3", encoding="utf-8")
    known = {"store": str(folder / "s"), "file": str(secret), "pid": os.getppid(), "task": TASK}
    plugin = folder / "thieves.py"
    text = THIEVES.read_text(encoding="utf-8")
    plugin.write_text(text.replace("FORBIDDEN: dict[str, Any] = {}", f"FORBIDDEN = {known!r}"), encoding="utf-8")
    student = {"kind": name} if name == "thief-peeks" else STUDENT
    method = "naive" if name == "thief-peeks" else name
    given = {"name": "s", "seeds": 2, "tasks": [TASK], "students": [STUDENT], "methods": ["naive"]}
    honest = study(Study.parse(given), store=folder / "s", workers=1).results[0]
    own = given | {"plugins": [("trusted:" if tier == "T0" else "") + str(plugin)], "students": [student]}
    found = study(Study.parse(own | {"methods": [method, "naive-hard"]}), store=folder / "t", workers=1)
    result = found.results[0]
    with Store(folder / "t") as store:
        records = [result_of(store, run, store.record(run) or {}) for run in result.run_ids]
    notes = [record["steps"]["student"].get("notes", {}) for record in records]
    return {
        "stolen": sum(int(note.get("stolen", 0)) for note in notes),
        "better": round(result.pgr.student.estimate - honest.pgr.student.estimate, 3),
        "ceiling_changed": result.pgr.ceiling.estimate != honest.pgr.ceiling.estimate,
        "stopped_by": next((note["stopped_by"] for note in notes if "stopped_by" in note), ""),
        "trust": result.trust,
    }


def main() -> None:
    """Print what each thief got in each tier."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=3, metavar=("NAME", "TIER", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", nargs="*", default=None, metavar="NAME", help="these thieves and no others")
    asked = parser.parse_args()
    if asked.one:
        name, tier, folder = asked.one
        print(json.dumps(one(name, tier, Path(folder))))
        return
    found: dict[str, dict[str, Any]] = {}
    for name in asked.only or kinds():
        for tier in TIERS[: 3 if isolation_tier() == "T2" else 2]:
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, __file__, "--one", name, tier, folder]
                done = subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True)
            lines = done.stdout.splitlines()
            said = json.loads(lines[-1]) if done.returncode == 0 and lines else {"died": done.returncode}
            found.setdefault(name, {})[tier] = said
            if not asked.json:
                print(f"{name:20} {tier} {said}", flush=True)
    if asked.json:
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
