import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace

import matplotlib as mpl
import numpy as np
from made_results import labelled, ladder, result, study

from w2sg.core import Estimate, Line, LinePanel, Lines, PointGroup, Scatter, ScatterPanel
from w2sg.lab import SetupResult, compare_methods
from w2sg.lab.comparisons import Names
from w2sg.lab.documents import study_figures as specified
from w2sg.report import Drawing, draw
from w2sg.report.canvas import in_chunks
from w2sg.report.figures.forest import MOST_ROWS
from w2sg.report.figures.lines import MOST_LINES, apart

METHODS = ("naive", "naive-hard", "confidence", "product")


def figures_of(results: Sequence[SetupResult]) -> list[Drawing]:
    return [drawing for figure in specified.study_figures(compare_methods(results)) for drawing in draw(figure)]


def drawn(results: Sequence[SetupResult], name: str) -> list[Drawing]:
    return [drawing for drawing in figures_of(results) if drawing.name.startswith(name)]


def pgr_forest(results: Sequence[SetupResult]) -> list[Drawing]:
    return drawn(results, "pgr")


def accuracy_by_strength(results: Sequence[SetupResult]) -> list[Drawing]:
    return drawn(results, "strength")


def accuracy_dots(results: Sequence[SetupResult]) -> list[Drawing]:
    return drawn(results, "accuracy")


def shift_figure(results: Sequence[SetupResult]) -> list[Drawing]:
    return drawn(results, "shift")


def ladders_of(results: Sequence[SetupResult]) -> list[specified.Ladder]:
    return specified.ladders_of(compare_methods(results))


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter() if element.tag.endswith("}text")]


def test_the_same_results_give_the_same_bytes_and_leave_matplotlib_alone() -> None:
    results = [*ladder(50, 100), result("naive", others=["noise"])]
    before = dict(mpl.rcParams)
    first = figures_of(results)
    with mpl.rc_context({"font.size": 30, "text.usetex": True, "svg.fonttype": "path"}):
        assert figures_of(results) == first
    assert dict(mpl.rcParams) == before


def test_every_figure_is_small_labelled_xml_that_asks_for_nothing() -> None:
    drawings = figures_of([*ladder(50, 100), result("naive", others=["noise"])])
    assert len(drawings) >= 4
    used: set[str] = set()
    for drawing in drawings:
        root = ET.fromstring(drawing.svg)
        assert root.attrib["role"] == "img"
        title = next(element for element in root if element.tag.endswith("title"))
        assert title.text == drawing.title
        assert root.attrib["aria-labelledby"] == title.attrib["id"]
        assert len(drawing.svg) < 40_000
        assert set(re.findall(r"https?://[^\"]*", drawing.svg)) == {"http://www.w3.org/2000/svg"}
        ids = set(re.findall(r' id="([^"]+)"', drawing.svg))
        assert not ids & used
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', drawing.svg)) <= ids
        used |= ids


def test_forest_orders_by_estimate_and_says_why_there_is_no_pgr() -> None:
    good = [result("naive", 0.7), result("confidence", 0.8), result("product", 0.5)]
    refused = result("naive", 0.61, weak=0.6, ceiling=0.62, task="wine")
    (drawing,) = pgr_forest([*good, refused])
    shown = texts(drawing.svg)
    names = [text for text in shown if text in METHODS]
    assert names == ["confidence", "naive", "product", "naive"]
    assert any(text.startswith("no PGR: gap too small, 0.0") for text in shown)
    assert refused.pgr.reason is not None
    assert refused.pgr.reason.split(";")[0] in drawing.svg
    assert {"weak supervisor", "ceiling", "6 × 400"} <= set(shown)


def test_forest_of_many_rows_becomes_several_figures() -> None:
    rows = [
        result({"kind": "composition", "objective": {"kind": "confidence", "weight": float(weight)}}, 0.7)
        for weight in np.linspace(0.1, 0.9, MOST_ROWS + 5)
    ]
    drawings = pgr_forest(rows)
    assert [drawing.title for drawing in drawings] == ["PGR by method (1 of 2)", "PGR by method (2 of 2)"]
    assert "(1 of 2)" in drawings[0].svg
    assert sum(text == "6 × 400" for drawing in drawings for text in texts(drawing.svg)) == len(rows)


def test_intervals_beyond_the_axis_are_kept_on_the_canvas() -> None:
    (drawing,) = pgr_forest([result("naive", 0.05, weak=0.6, ceiling=0.7)])
    shown = " ".join(texts(drawing.svg))
    assert "[−" in shown
    assert "−6.0" not in shown


def test_strength_needs_two_strengths_of_one_family() -> None:
    assert accuracy_by_strength([result("naive"), result("confidence")]) == []
    assert accuracy_by_strength(ladder(50)) == []
    two_families = [*ladder(50), result(model={"kind": "linear", "features": {"kind": "pca", "count": 10}})]
    assert accuracy_by_strength(two_families) == []
    (drawing,) = accuracy_by_strength(ladder(400, 50, 100))
    shown = texts(drawing.svg)
    assert [text for text in shown if text in ("50", "100", "400")] == ["50", "100", "400"]
    assert {"weak supervisor", "ceiling", "naive", "confidence"} <= set(shown)
    assert "features.count" in drawing.title


def test_ladders_hold_everything_else_fixed() -> None:
    def of(count: int, gamma: float) -> dict[str, object]:
        return {"kind": "linear", "features": {"kind": "nystroem", "count": count, "gamma": gamma}}

    grid = [result(model=of(count, gamma)) for count in (50, 100) for gamma in (0.1, 0.2)]
    assert [(one.field, one.strengths) for one in ladders_of(grid)] == [("features.count", [50, 100])] * 2
    trees = [result("naive", model={"kind": "boosting", "trees": trees}) for trees in (10, 40)]
    assert [one.field for one in ladders_of(trees)] == ["trees"]


def test_many_lines_become_several_figures_that_share_the_reference() -> None:
    drawings = accuracy_by_strength(
        ladder(
            50,
            100,
            methods=(
                "naive",
                "naive-hard",
                "confidence",
                "product",
                "confident-only",
                "early-stopping",
                "bootstrapping",
            ),
        )
    )
    assert len(drawings) == 2
    for drawing in drawings:
        lines = [text for text in texts(drawing.svg) if "-" in text or text in METHODS]
        assert "naive" in lines
        assert len(lines) <= MOST_LINES


def test_labels_are_moved_apart_within_the_plot() -> None:
    places = apart([10.0, 11.0, 95.0, 99.0, 100.0], 0.0, 100.0)
    assert places[-1] == 100.0
    assert min(np.diff(places)) >= 18.0 - 1e-9


def test_dots_show_every_student_and_what_was_not_run() -> None:
    results = [*ladder(50, 100), result("product", 0.7)]
    (drawing,) = accuracy_dots(results)
    shown = texts(drawing.svg)
    assert {"weak 0.600", "product", "linear", "not run"} <= {re.sub(r"0\.\d+", "0.600", t) for t in shown}


def test_shift_figure_only_where_there_are_several_test_sets() -> None:
    assert shift_figure([result("naive")]) == []
    (drawing,) = shift_figure([result("naive", others=["noise", "rotation"])])
    assert {"test (in distribution)", "noise", "rotation"} <= set(texts(drawing.svg))


def test_chunks_are_nearly_equal_and_keep_the_order() -> None:
    assert in_chunks(list(range(7)), 3) == [[0, 1], [2, 3, 4], [5, 6]]
    assert in_chunks([], 3) == [[]]


def test_parts_of_one_name_are_toldapart() -> None:
    one, two = (labelled(result("naive", model={"kind": "knn", "k": k}), student="knn") for k in (3, 5))
    names = Names([one, two])
    assert len({names.of(one, "student"), names.of(two, "student")}) == 2
    assert names.of(one, "student").startswith("knn ")


def test_places_have_their_comparisons() -> None:
    made = study(*ladder(50, 100), result("naive", task="wine"))
    assert [sorted(one.rivals) for one in made.comparisons] == [["confidence"], ["confidence"], []]
    assert [one.reference.method for one in made.comparisons] == ["naive"] * 3
    assert [len(one["comparisons"]) for one in made.to_dict()["contests"]] == [1, 1]


def scatter(n_panels: int) -> Scatter:
    rng = np.random.default_rng(0)
    points = {name: tuple(map(tuple, rng.random((50, 2)).tolist())) for name in ("holds", "violated")}
    panels = [
        ScatterPanel(f"theory {i}", "ρ 0.5", "predicted", "observed", (0, 0.8), (0, 1), points) for i in range(n_panels)
    ]
    groups = PointGroup("holds", "hypotheses hold", "blue dot"), PointGroup("violated", "violated", "red cross")
    return Scatter("scatter", "Predicted against observed", "Each point is a run.", groups, tuple(panels))


def test_many_points_are_one_path_for_each_group() -> None:
    (one,) = draw(scatter(1))
    assert len(one.svg) < 20_000
    assert {"hypotheses hold", "violated", "predicted", "observed"} <= set(texts(one.svg))
    with mpl.rc_context({"font.size": 30, "path.simplify": True}):
        assert draw(scatter(1)) == [one]
    many = draw(scatter(20))
    assert [drawing.name for drawing in many] == ["scatter-1", "scatter-2"]
    assert "theory 19" in texts(many[1].svg)


def test_lines_of_two_panels_keep_their_colours_and_names() -> None:
    line = Line("betting", tuple((float(n), Estimate(1 / n)) for n in (20, 200, 2000)), palette=2)
    panel = LinePanel("labels", "distance", (line,), title="rate", log_x=True, log_y=True, y_limits=(0.0001, 1))
    (drawing,) = draw(Lines("cost", "Cost", "Bounds.", (panel, replace(panel, title="gain"))))
    assert texts(drawing.svg).count("betting") == 2
    assert {"rate", "gain", "labels", "distance"} <= set(texts(drawing.svg))
    assert "#009e73" in drawing.svg
