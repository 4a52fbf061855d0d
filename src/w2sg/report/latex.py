"""Tables of documents as LaTeX, to be put into a paper: rules of booktabs, and every number with its limits."""

import re

from w2sg.core import DataTable, wording
from w2sg.report.cells import in_one_line

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    wording.MINUS: "$-$",
    wording.NOTHING: "--",
    wording.ELLIPSIS: r"\ldots{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def latex_table(table: DataTable) -> str:
    """Return a table as LaTeX; it needs the package booktabs.

    It has the columns that a terminal shows. Limits stand behind their estimate; nothing is shortened.
    """
    shown = [index for index, column in enumerate(table.columns) if column.terminal]
    columns = [table.columns[index] for index in shown]
    spec = "".join("l" if column.style == "text" else "r" for column in columns)
    lines = [" & ".join(latex_text(column.title) for column in columns) + r" \\"]
    for row in table.rows:
        cells = [in_one_line(row[index], table.columns[index]) for index in shown]
        lines.append(" & ".join(map(latex_text, cells)) + r" \\")
    comments = [f"% {line}" for line in (f"{table.title}. {table.intro}", r"Needs \usepackage{booktabs}.")]
    body = [rf"\begin{{tabular}}{{{spec}}}", r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
    return "\n".join([*comments, *body, r"\end{tabular}"]) + "\n"


def latex_text(text: str) -> str:
    r"""Return a text in which LaTeX takes nothing for a command.

    >>> print(latex_text("50 % of wine_2"))
    50 \% of wine\_2
    """
    plain = wording.printable(" ".join(text.split()))
    return re.sub("|".join(map(re.escape, _SPECIAL)), lambda found: _SPECIAL[found[0]], plain)
