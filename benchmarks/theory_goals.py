"""The project's goals for theory, held against a scoreboard: which are reached, or by how much they are missed.

    w2sg theory score studies/theory.toml --json > scores.json
    python benchmarks/theory_goals.py scores.json [--json]

Goals are of the stacks, which are scored on tasks that they were not fitted on: rank correlation with the observed
gain, and coverage of 90 % intervals where most theories see a hypothesis violated.
"""

import argparse
import json
from pathlib import Path
from typing import Any

SPEARMAN, COVERAGE = 0.8, 0.85
GOALS = (
    ("within", "Spearman within tasks", SPEARMAN),
    ("pooled", "Spearman pooled", SPEARMAN),
    ("covered_doubted", "coverage where most hypotheses fail", COVERAGE),
)


def verdicts(scoreboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Return for each stack and goal the estimate, by how much it misses the goal, and whether it surely reaches it."""
    rows = []
    for stack in scoreboard["stacks"]:
        for key, words, goal in GOALS:
            interval = stack[key]
            row = {"stack": stack["name"], "goal": words, "least": goal, "estimate": None, "misses_by": None}
            if interval is not None:
                missing = max(0.0, goal - interval["estimate"])
                row |= {"estimate": interval["estimate"], "misses_by": missing, "surely": interval["low"] >= goal}
            rows.append(row)
    return rows


def sentence(row: dict[str, Any]) -> str:
    """Return a verdict as a sentence."""
    begun = f"{row['stack']}: {row['goal']} {row['least']:g}"
    if row["estimate"] is None:
        return f"{begun} was not measured"
    if row["misses_by"]:
        return f"{begun} is missed by {row['misses_by']:.2f} (estimate {row['estimate']:.2f})"
    how = "reached" if row["surely"] else "reached by the estimate, not by its whole interval"
    return f"{begun} is {how} (estimate {row['estimate']:.2f})"


def main() -> None:
    """Print the verdicts on a scoreboard's JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=Path, help="what `w2sg theory score --json` printed")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = verdicts(json.loads(arguments.scores.read_text(encoding="utf-8")))
    print(json.dumps(rows, indent=2) if arguments.json else "\n".join(map(sentence, rows)) or "no stack was scored")


if __name__ == "__main__":
    main()
