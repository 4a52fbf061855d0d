"""What the rows of the store's tables must be, so that those are found that were damaged or made by hand."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from w2sg.graph.objects import DamagedObjectError, digest_of
from w2sg.graph.packing import places_of, table_of, unsqueezed

HASH_BYTES = 32


@dataclass(frozen=True)
class WrongRow:
    """A row that no store of this package has written.

    Attributes:
        key: The artifact that it belongs to; empty where it belongs to none, or does not say to which.
        reason: Which row it is, and what is wrong with it.
    """

    key: str
    reason: str


Rule = Callable[[object], bool]


def _text(value: object) -> bool:
    return isinstance(value, str) and "\ufffd" not in value


def _hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == HASH_BYTES


def _number(value: object) -> bool:
    return type(value) is int and value >= 0


def _number_or_none(value: object) -> bool:
    return value is None or _number(value)


def _parsed(parse: Callable[[object], object]) -> Rule:
    def rule(value: object) -> bool:
        try:
            parse(value)
        except DamagedObjectError:
            return False
        return True

    return rule


def _inputs(content: object) -> None:
    """Check that a record says what its step was made from, or nothing of it."""
    inputs = unsqueezed(content).get("inputs", {})
    try:
        whole = all(_hash(bytes.fromhex(key)) for key in inputs.values())
    except (AttributeError, TypeError, ValueError):
        whole = False
    if not whole:
        raise DamagedObjectError("what a step was made from are no keys")


_table = _parsed(table_of)
_RULES: Mapping[str, Mapping[str, Rule]] = {
    "artifacts": {
        "key": _hash,
        "step": _text,
        "arrays": _parsed(places_of),
        "record": _parsed(_inputs),
        "created": _text,
    },
    "results": {"key": _hash, "step": _text, "subject": _number, "seed": _number, "shown": _table, "created": _text},
    "subjects": {"id": _number, "digest": _hash, "config": _table},
    "failures": {"key": _hash, "step": _text, "reason": _text, "created": _text},
    "collections": {"name": _text, "definition": _table, "created": _text},
    "members": {"collection": _number, "key": _hash},
    "ledger": {
        "place": _text,
        "split": _text,
        "purpose": _text,
        "n": _number,
        "chosen": _number_or_none,
        "asked_by": _text,
        "step": _hash,
        "kind": _text,
        "created": _text,
    },
}
_MISSING = {
    "artifact": "SELECT key FROM results WHERE key NOT IN (SELECT key FROM artifacts)",
    "subject": "SELECT key FROM results WHERE subject NOT IN (SELECT id FROM subjects)",
}


def wrong_rows(database: sqlite3.Connection) -> Iterator[WrongRow]:
    """Yield the rows that break a rule, and the results whose artifact or subject is missing."""
    for table, rules in _RULES.items():
        # Names of tables and columns are those above. Whatever is in a row, its place in the order of reading names
        # it.
        rows = database.execute(f"SELECT {', '.join(rules)} FROM {table}")
        for place, row in enumerate(rows, start=1):
            wrong = [name for (name, rule), value in zip(rules.items(), row, strict=True) if not rule(value)]
            if table == "subjects" and not wrong and digest_of(row[2].encode()) != row[1]:
                wrong = ["config"]
            reason = f"row {place} of {table}: {', '.join(wrong)} damaged"
            if wrong and table == "subjects":
                about = database.execute("SELECT key FROM results WHERE subject = ?", [row[0]]).fetchall()
                yield from (WrongRow(key.hex(), reason) for (key,) in about if _hash(key))
            if wrong:
                yield WrongRow(row[0].hex() if table in ("artifacts", "results") and _hash(row[0]) else "", reason)
    for what, question in _MISSING.items():
        for (key,) in database.execute(question).fetchall():
            yield WrongRow(key.hex() if _hash(key) else "", f"a result has no {what}")
