"""From a data file to a figure: `w2sg preflight`, `w2sg new task`, studies by name, and what is said of results."""

from pathlib import Path

import numpy as np
from cli_data import Command

from w2sg.lab import Study, named_file, shipped_names


def table(path: Path, *, tells: float, n: int = 600) -> str:
    """A table of which the first column tells the label so far, and the others nothing."""
    rng = np.random.default_rng(0)
    gold = rng.integers(2, size=n)
    x = rng.normal(size=(n, 4)) + tells * gold[:, None]
    lines = [",".join(f"{value:.3f}" for value in row) + f",{'ny'[label]}" for row, label in zip(x, gold, strict=True)]
    path.write_text("\n".join(["a,b,c,d,label", *lines]))
    return path.name


def test_a_preflight_says_what_a_file_is_and_its_runs_are_the_studys(w2sg: Command, tmp_path: Path) -> None:
    file = table(tmp_path / "good.csv", tells=1.0)
    found = w2sg("preflight", file, "--json").document
    assert found["ready"] is True
    assert found["guess"]["fields"] == {"label": "label"}
    assert [row["holds"]["value"] for row in found["tables"]["columns"]["rows"]] == ["numbers"] * 4 + ["names"]
    shares = found["tables"]["splits"]["rows"]
    assert sum(row["rows"]["value"] for row in shares) == 600
    written = w2sg("new", "task", file, "--json").document
    assert written["written"] == ["good.toml"]
    assert (tmp_path / "good.toml").read_text() == found["study_text"]
    assert Study.read(tmp_path / "good.toml").count() == found["n_runs"]
    made = w2sg("study", "good.toml", "--json").document
    assert made["steps_done"]["labels"] == 6  # of 8 seeds; the preflight made two
    means = made["results"][0]["tests"]["test"]
    assert means["chance"] == 0.5
    assert 0.4 < means["majority"] < 0.6
    assert w2sg("new", "task", file).code == 2


def test_a_preflight_warns_before_anything_is_believed(w2sg: Command, tmp_path: Path) -> None:
    done = w2sg("preflight", table(tmp_path / "noise.csv", tells=0.0), "-o", "page.html")
    assert done.code == 1
    for words in ("chance supervisor: the weak supervisor", "ceiling at the majority class", "no gap: ", "Not ready"):
        assert words in done.out
        assert words in (tmp_path / "page.html").read_text()
    study = "tasks = [{kind = 'files', path = 'noise.csv'}]\nseeds = 2\nmethods = ['naive']\n"
    (tmp_path / "noise.toml").write_text(study)
    told = [finding["text"] for finding in w2sg("study", "noise.toml", "--json").document["findings"]]
    assert sum(text.startswith("Caution, ") for text in told) == 3


def test_a_further_test_set_with_labels_the_other_way_round_is_told(w2sg: Command, tmp_path: Path) -> None:
    table(tmp_path / "train.csv", tells=2.0)
    reversed_labels = (tmp_path / "train.csv").read_text().splitlines()[:200]
    other = [line.translate({ord("n"): "y", ord("y"): "n"}) for line in reversed_labels[1:]]
    (tmp_path / "other.csv").write_text("\n".join([reversed_labels[0], *other]))
    (tmp_path / "s.toml").write_text(
        "tasks = [{kind = 'files', paths = {train = 'train.csv', other = 'other.csv'}, duplicates = 'apart'}]\n"
        "seeds = 2\nmethods = ['naive']\n"
    )
    told = [finding["text"] for finding in w2sg("study", "s.toml", "--json").document["findings"]]
    (said,) = [text for text in told if text.startswith("Caution, ceiling on other: ")]
    assert "surely below chance: are its labels the opposite" in said


def test_a_preflight_says_of_what_it_looked_at_a_sample_and_where_no_pgr_will_be_given(
    w2sg: Command, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    words = np.array([f"w{number}" for number in range(400)])
    for name, n in (("amazon", 300), ("test", 3200), ("train", 2000)):
        # Both learn the one telling word soon: the ceiling is ahead by little.
        gold = rng.integers(2, size=n)
        told = np.where(rng.random(n) < 0.85, gold, 1 - gold)
        lines = [f"{'yes' if tell else 'no'} {' '.join(rng.choice(words, 9))}" for tell in told]
        rows = "".join(f"{line}\t{label}\n" for line, label in zip(lines, gold, strict=True))
        (tmp_path / f"{name}.tsv").write_text(f"text\tlabel\n{rows}")
    done = w2sg("preflight", "amazon.tsv", "test.tsv", "train.tsv", "--json")
    columns, twins = (done.document["tables"][name] for name in ("columns", "twins"))
    assert columns["title"] == "Columns of train.tsv"
    assert {row["filled"]["value"] for row in columns["rows"]} == {2000}
    assert [row["rows"].get("note") for row in twins["rows"]] == [None, "of 3,200, a sample", None]
    assert done.code == 0
    texts = [finding["text"] for finding in done.document["findings"]]
    assert texts[0].startswith("small gap: gap +0.0")
    assert texts[-1].startswith("Ready, but no PGR will be given: ")


def test_a_preflight_of_data_that_cannot_be_read_shows_them_all_the_same(w2sg: Command, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("x,label\n" + "".join(f"{i % 7},a\n" for i in range(40)))
    (tmp_path / "one.toml").write_text("tasks = [{kind = 'files', path = 'one.csv'}]\n")
    done = w2sg("preflight", "one.toml")
    assert done.code == 1
    assert "the data cannot be used as they are: one.csv: labels need at least 2 classes" in done.out
    assert done.out.count(" numbers ") == 1
    (tmp_path / "none.csv").write_text("words\n" + "".join(f"this is text number {i}\n" for i in range(40)))
    refused = w2sg("preflight", "none.csv")
    assert refused.code == 2
    assert "no column looks like a label" in refused.err


def test_studies_and_specifications_are_found_by_name_from_any_folder(w2sg: Command, tmp_path: Path) -> None:
    assert "digits" in shipped_names("studies")
    assert named_file("digits", "studies").parent.name == "studies"
    assert named_file("minimal", "specs").is_file()
    assert Study.read("digits").name == "digits"
    (tmp_path / "digits").write_text("seeds = 3\ntasks = ['wine']\n")
    assert Study.read(tmp_path / "digits").seeds == 3
    done = w2sg("study", "digitz")
    assert done.code == 2
    assert "the name of one that comes along: check, digits," in done.err


def test_a_wrong_key_suggests_the_right_one_and_list_alone_says_what_there_is(w2sg: Command, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("tasks = ['wine']\nmethod = ['naive']\n")
    assert "a.toml.method: no such field; did you mean 'methods'?" in w2sg("study", "a.toml").err
    assert "--install-completion" in w2sg("--help").out
    kinds = w2sg("list", "--json").document
    assert {"methods", "tasks", "shifts"} <= {kind["name"] for kind in kinds}
    assert all(kind["count"] and kind["summary"] for kind in kinds)
