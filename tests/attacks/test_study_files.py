"""Study files of any text: a study, or one message that names the file."""

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
from attack_data import STUDY
from cli_data import Command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from w2sg.core import InputError
from w2sg.lab import Study

WINE = 'tasks = ["wine"]\nseeds = 1\n'
QUICK_S = 10.0
MANY = ", ".join(f'"f{place}" = {list(range(100))}' for place in range(10))
TASK = 'seeds = 1\n[[tasks]]\nkind = "wine"\n'
METHOD = WINE + '[[methods]]\nkind = "confidence"\n'

BAD: dict[str, str | bytes] = {
    "empty": "",
    "no TOML": "a = = 1",
    "bytes": b"\xff\x00\x01",
    "UTF-16": "tasks = ['wine']".encode("utf-16"),
    "arrays nested deep": "tasks=" + "[" * 5000 + "]" * 5000,
    "arrays nested deep but read": "tasks=" + "[" * 100 + "]" * 100,
    "tables nested deep": WINE + "x=" + "{a=" * 3000 + "1" + "}" * 3000,
    "tables nested deep but read": TASK + "x=" + "{a=" * 100 + "1" + "}" * 100,
    "a key of 3000 parts": WINE + ".".join(["a"] * 3000) + "=1",
    "a grid's path of 3000 parts": TASK + 'grid={"' + ".".join(["a"] * 3000) + '"=[1]}',
    "a grid too large": TASK + f"grid={{{MANY}}}",
    "an empty grid's list": TASK + "grid={transfer=[]}",
    "an empty path in a grid": TASK + 'grid={""=[1]}',
    "a grid of kinds": TASK + 'grid={kind=["wine","digitz"]}',
    "a grid of dates": TASK + "grid={transfer=[2020-01-01T00:00:00Z]}",
    "seeds are a word": 'tasks=["wine"]\nseeds="eight"',
    "seeds below 0": 'tasks=["wine"]\nseeds=-1',
    "a seed below 0": 'tasks=["wine"]\nseeds=[-1,2]',
    "half a seed": 'tasks=["wine"]\nseeds=1.5',
    "seeds are no number": 'tasks=["wine"]\nseeds=nan',
    "seeds are true": 'tasks=["wine"]\nseeds=true',
    "a seed is true": 'tasks=["wine"]\nseeds=[true, false]',
    "no seeds": 'tasks=["wine"]\nseeds=[]',
    "a seed of 2^63": f'tasks=["wine"]\nseeds=[{2**63}]',
    "a seed of 10^40": f'tasks=["wine"]\nseeds=[{10**40}]',
    "10^40 seeds": f'tasks=["wine"]\nseeds={10**40}',
    "seeds of 5000 digits": 'tasks=["wine"]\nseeds=1' + "0" * 5000,
    "a name that climbs": 'name=".."\n' + WINE,
    "a name with a slash": 'name="../x"\n' + WINE,
    "a name with a bell": 'name="a\\u0007b"\n' + WINE,
    "a name with a line end": 'name="a\\n"\n' + WINE,
    "a name like an option": 'name="-o"\n' + WINE,
    "a long name": 'name="' + "a" * 100_000 + '"\n' + WINE,
    "an empty name": 'name=""\n' + WINE,
    "a name that turns letters": 'name="a\\u202Eb"\n' + WINE,
    "an unknown key": 'tasks=["wine"]\nfoo=1',
    "tasks are a word": 'tasks="wine"',
    "no tasks": "tasks=[]",
    "a task is a number": "tasks=[1]",
    "a task without a kind": "tasks=[{}]\nseeds=1",
    "a weight is no number": METHOD + "objective={weight=nan}",
    "a weight below 0": METHOD + "objective={weight=-1}",
    "a weight is a date": METHOD + "objective={weight=2020-01-01}",
    "a size is a date": TASK + "transfer=2020-01-01",
    "a plugin that is missing": 'plugins=["/no/such.py"]\n' + WINE,
    "a plugin that is no Python": 'plugins=["../../../../etc/passwd"]\n' + WINE,
    "a method that is unknown left out": WINE + 'methods=["*"]\nwithout=["nope"]',
    "a word for what is not capable": 'incapable="maybe"\n' + WINE,
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("yes", [(), ("--yes",)], ids=["", "yes"])
def test_a_bad_file_is_one_message_and_exit_code_2(
    name: str, yes: tuple[str, ...], w2sg: Command, tmp_path: Path
) -> None:
    content = BAD[name]
    (tmp_path / "s.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    started = time.monotonic()
    done = w2sg("study", "s.toml", *yes, "--json")
    assert time.monotonic() - started < QUICK_S
    assert (done.code, done.out) == (2, ""), done.err
    assert done.err.startswith("error: ")
    assert len(done.err) < 2000
    assert not (tmp_path / ".w2sg" / "store.db").exists()


@pytest.mark.parametrize(
    "text",
    ["\ufeff" + WINE, WINE.replace("\n", "\r\n"), TASK + "grid={}", TASK + "title='<script>alert(1)</script>'"],
    ids=["byte order mark", "line ends of Windows", "an empty grid", "a title that is markup"],
)
def test_an_unusual_file_is_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_bytes(text.encode())
    assert Study.read(tmp_path / "s.toml").count() == 1


@pytest.mark.parametrize("command", [("study",), ("report",), ("observe",), ("league",)], ids=str)
def test_a_pipe_a_device_and_a_file_of_gigabytes_are_no_study_files(
    command: tuple[str, ...], w2sg: Command, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "device.toml").symlink_to("/dev/zero")
    with (tmp_path / "large.toml").open("wb") as file:
        file.truncate(2**32)
    for name in ("pipe.toml", "device.toml", "large.toml"):
        done = w2sg(*command, name)
        assert done.code == 2
        assert f"error: {name}: " in done.err
        assert "give the path of a study file" in done.err


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, len(STUDY)),
    length=st.integers(0, 30),
    text=st.text(st.sampled_from(list("[]{}=\"'\n,.#_-+eE0123456789abtrufalsexno\\ \x00\x1b\ud800é∞")), max_size=30),
    again=st.integers(1, 40),
)
def test_a_mutated_file_is_a_study_or_a_message(place: int, length: int, text: str, again: int, tmp_path: Path) -> None:
    mutated = STUDY[:place] + text * again + STUDY[place + length :]
    file = tmp_path / "s.toml"
    file.write_bytes(mutated.encode("utf-8", "surrogatepass"))
    with suppress(InputError):
        found = Study.read(file)
        if found.count() < 1000:
            found.setups()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["*", "wine"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "grid", "title", "features.count", "c", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=150)
@given(
    st.fixed_dictionaries(
        {"name": st.just("s"), "tasks": st.just(["wine"]) | VALUES},
        optional={name: VALUES for name in ("seeds", "supervisors", "students", "methods", "without", "incapable")},
    )
)
def test_any_table_is_a_study_or_a_message(table: dict[str, object]) -> None:
    with suppress(InputError):
        found = Study.parse(table)
        if found.count() < 100:
            found.setups()
