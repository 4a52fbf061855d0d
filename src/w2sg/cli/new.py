"""`w2sg new`: start a component of your own."""

import keyword
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from w2sg.cli import console
from w2sg.cli.templates import STARTS
from w2sg.cli.templates import TEST as PART_TEST

app = typer.Typer(help="Start a component of your own.", no_args_is_help=True)

Directory = Annotated[Path, typer.Option("--directory", help="Write here instead of the working folder.")]
SOURCE = Template('''"""The method `$name`: say in one line what it does."""

from typing import Literal

from pydantic import Field

from w2sg.core import preset, register
from w2sg.methods.composition import Composition
from w2sg.methods.objectives.base import Array, TargetObjective, harden


@register(paper="$paper")
class ${cls}Target(TargetObjective):
    """Cross-entropy to the weak labels mixed with their most likely class: change this to your idea.

    The target is `(1 - share) weak + share harden(weak)`.
    """

    kind: Literal["$name"] = "$name"
    share: float = Field(0.5, ge=0, le=1, description="weight of the most likely class")

    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return what the student is pulled toward, `(..., n, k)`; it never sees gold.

        Args:
            weak: Weak labels `(..., n, k)`.
            log_student: The student's log-probabilities `(..., n, k)`; a target that uses them needs `moving` True.
            progress: The fraction of training done, in [0, 1).
        """
        return (1 - self.share) * weak + self.share * harden(weak, weak)


preset("$name", Composition, "Say in one line what it does.", objective="$name", paper="$paper")
''')

TEST = Template('''"""The contracts that the method `$name` must keep."""

${load}from w2sg.testing import MethodContract, ObjectiveContract


class TestObjective(ObjectiveContract):
    spec = "$name"


class TestMethod(MethodContract):
    spec = "$name"
''')

PAPER = Template("""
["$name"]
paper = "$paper"
theirs = "Say which result, section and setting of the paper this configuration stands for."
ours = "Say what it does."
difference = "Say how it differs."
checked_by = "tests/methods/test_$module.py::TestObjective"
""")


@app.command()
def method(
    name: Annotated[str, typer.Argument(help="The method's name: lower case, words joined by '-'.")],
    paper: Annotated[str, typer.Option(help="The arXiv id of its paper.")] = "",
    directory: Directory = Path(),
    in_package: Annotated[
        bool,
        typer.Option(
            "--in-package", help="Write it into the source of this w2sg, with a paper entry and a changelog line."
        ),
    ] = False,
    as_json: console.Json = False,
) -> None:
    """Write a method that runs, and its contract test, as a plugin in the working folder.

    Give the source file to '--plugin', or to 'plugins' in a study file. Who
    develops w2sg itself adds --in-package: the method is then in
    'w2sg list methods', and in the next demo.

    For example:

        w2sg new method mine
    """
    from w2sg.core import InputError

    if re.search(r'["\\\n]', paper):
        raise InputError(f"a paper is an arXiv id such as '2312.09390', or a reference without quotes; got {paper!r}")
    _check_name("method", name, "methods", "objectives")
    written = _in_checkout(checkout(), name, paper) if in_package else _in_folder(directory, name, paper)
    plugin = "" if in_package else f" --plugin {written[0]}"
    _say(written, f"w2sg run --method {name}{plugin}", as_json)


@app.command()
def task(
    names: Annotated[
        list[str], typer.Argument(help="A data file, or one for each split; or the name of a task.", metavar="NAME...")
    ],
    directory: Directory = Path(),
    as_json: console.Json = False,
) -> None:
    """Write a study of your data file, every line explained; or, for a plain name, a task in Python.

    The study is a guess at what the file holds, to be read and mended.

    For example:

        w2sg new task reviews.csv

        w2sg new task train.csv test.csv elsewhere.csv

        w2sg new task mine
    """
    if len(names) == 1 and not console.is_data_file(names[0]):
        _write_part("task", names[0], directory, as_json)
        return
    from w2sg.lab import commented_study
    from w2sg.tasks import guess

    file = directory / f"{console.study_name(names[0])}.toml"
    _refuse_existing(file)
    guessed = guess(names)
    written = _write({file: commented_study(guessed, str(file))})
    if as_json:
        fields, doubts = guessed.fields, guessed.doubts
        console.print_json({"written": [str(file)], "fields": fields, "reasons": guessed.reasons, "doubts": doubts})
        return
    for doubt in guessed.doubts:
        console.say(f"nobody can tell by looking {doubt}")
    _say(written, f"w2sg preflight {file}", as_json)


def _part(part: str) -> Callable[..., None]:
    """Return the command that starts a part."""

    def command(
        name: Annotated[str, typer.Argument(help="Its name: lower case, words joined by '-'.")],
        directory: Directory = Path(),
        as_json: console.Json = False,
    ) -> None:
        _write_part(part, name, directory, as_json)

    return command


def _write_part(part: str, name: str, directory: Path, as_json: bool) -> None:
    """Write a part and its contract test."""
    start = STARTS[part]
    _check_name(part, name, start.registry)
    module, cls = name.replace("-", "_"), _class_name(name)
    source, test = directory / f"{module}.py", directory / f"test_{module}.py"
    _refuse_existing(source, test)
    written = _write(
        {
            source: start.source.substitute(name=name, cls=cls),
            test: PART_TEST.substitute(part=part, name=name, module=module, cls=cls, contract=start.tested_by),
        }
    )
    _say(written, Template(start.tried_by).substitute(name=name, file=source), as_json)


for _name in (part for part in STARTS if part != "task"):
    app.command(
        _name, help=f"Write a {_name} that runs, and its contract test.\n\nFor example:\n\n    w2sg new {_name} mine"
    )(_part(_name))


def _check_name(part: str, name: str, *contracts: str) -> None:
    from w2sg.core import InputError, registry

    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise InputError(f"a {part}'s name is lower-case words joined by '-', such as 'my-{part}'; got {name!r}")
    for contract in contracts:
        if name in registry.names(contract):
            raise InputError(f"{contract} already has the name {name!r}: choose another")


def _say(written: list[Path], how: str, as_json: bool) -> None:
    if as_json:
        console.print_json({"written": [str(path) for path in written]})
        return
    for path in written:
        console.say(f"wrote {path}")
    console.say(f"try it: {how}")


def checkout() -> Path:
    """Return the root of the source tree that this w2sg runs from.

    Raises:
        InputError: If it is installed elsewhere.
    """
    import w2sg
    from w2sg.core import InputError

    root = Path(w2sg.__file__).parents[2]
    # An installed package lies in site-packages, whose folders above have no such file.
    if not ((root / "pyproject.toml").is_file() and (root / "src" / "w2sg").is_dir()):
        raise InputError(
            f"--in-package is for a checkout of w2sg, and this one is installed in {root}: leave it out, which writes "
            "a plugin here"
        )
    return root


def _in_checkout(root: Path, name: str, paper: str) -> list[Path]:
    from w2sg.core import InputError

    module = name.replace("-", "_")
    source = root / "src" / "w2sg" / "methods" / "catalogue" / f"{module}.py"
    test = root / "tests" / "methods" / f"test_{module}.py"
    papers = root / "docs" / "reference" / "papers.toml"
    changelog = root / "CHANGELOG.md"
    _refuse_existing(source, test)
    lines, heading = _read(changelog), "## Unreleased\n"
    if heading not in lines:
        raise InputError(f"{changelog} needs a line '## Unreleased' for the new entry to stand under")
    texts = {
        source: _source(name, paper),
        test: TEST.substitute(name=name, load=""),
        papers: _read(papers) + PAPER.substitute(name=name, module=module, paper=paper),
        changelog: lines.replace(heading, f"{heading}\n- Method `{name}`: say what it gives its user.", 1),
    }
    return _write(texts)


def _in_folder(folder: Path, name: str, paper: str) -> list[Path]:
    module = name.replace("-", "_")
    source, test = folder / f"{module}.py", folder / f"test_{module}.py"
    _refuse_existing(source, test)
    load = (
        "from pathlib import Path\n\nfrom w2sg.core import registry\n\n"
        f'registry.load_plugin(Path(__file__).with_name("{module}.py"))\n\n'
    )
    return _write({source: _source(name, paper), test: TEST.substitute(name=name, load=load)})


def _source(name: str, paper: str) -> str:
    return SOURCE.substitute(name=name, paper=paper, cls=_class_name(name))


def _class_name(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _refuse_existing(*paths: Path) -> None:
    from w2sg.core import InputError

    for path in paths:
        if path.exists():
            raise InputError(f"{path} is there already: remove it or choose another name")


def _read(path: Path) -> str:
    from w2sg.core import InputError

    try:
        return path.read_text()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}: a checkout has it; leave out --in-package") from None


def _write(texts: Mapping[Path, str]) -> list[Path]:
    """Write files and return their paths."""
    from w2sg.core import InputError

    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}: choose another --directory") from None
    return list(texts)
