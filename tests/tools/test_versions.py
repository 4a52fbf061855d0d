"""The files that name versions agree with one another."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOOKS_AT_CODE_ONLY = {"mypy", "ruff", "scipy-stubs"}
"""Not part of what runs: `make min-versions` takes the newest."""
Pins = dict[str, tuple[int, ...]]


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers, without zeros at its end: 2.0 and 2.0.0 are one."""
    parts = [int(part) for part in version.split(".")]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def pins(file: str) -> Pins:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {name.lower(): numbers(version) for name, _, version in (line.partition("==") for line in lines) if version}


def least(requirements: list[str]) -> Pins:
    """The least version that each requirement allows."""
    versions = {}
    for requirement in requirements:
        match = re.match(r"([\w-]+)>=([\d.]+)", requirement)
        assert match is not None, requirement
        versions[match[1].lower()] = numbers(match[2])
    return versions


def test_the_least_versions_are_those_that_are_tested() -> None:
    extras = PROJECT["optional-dependencies"]
    needed = least([*PROJECT["dependencies"], *extras["parquet"], *extras["chess"], *extras["dev"]])
    assert pins("constraints-min.txt") == {name: v for name, v in needed.items() if name not in LOOKS_AT_CODE_ONLY}


def test_every_requirement_is_pinned_within_its_range() -> None:
    pinned = pins("constraints.txt")
    for name, version in least([*PROJECT["dependencies"], *sum(PROJECT["optional-dependencies"].values(), [])]).items():
        assert pinned[name] >= version, name


def test_the_citation_is_of_the_version_that_the_changelog_dates() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    cited = [re.search(rf'^{key}: "?([^"\n]+)', citation, re.MULTILINE) for key in ("version", "date-released")]
    version, date = (match[1] for match in cited if match is not None)
    assert version == PROJECT["version"]
    assert f"## {version} ({date})" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
