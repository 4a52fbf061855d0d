"""How the site is built: `make docs`. Everything is made offline, and a warning ends the build."""

import os
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
# Tutorials type `w2sg` into a shell, and mean the one that is installed beside Sphinx.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# Their tables are as wide as the page of a large screen (site.css folds sentences there), and numpy's threads do not
# fight for the cores.
os.environ |= {"COLUMNS": "88", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
os.environ["PYTHONSTARTUP"] = str(ROOT / "docs" / "tutorials" / "startup.py")

from tools import site  # noqa: E402 - found by the path above
from w2sg import __version__  # noqa: E402

site.write(ROOT / "docs" / "reference" / "built")

project = "w2sg"
author = "the w2sg authors"
project_copyright = author
release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon", "sphinx_copybutton"]
html_theme = "furo"
html_title = f"w2sg {release}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_math_renderer = "mathml"
exclude_patterns = ["league.md", "theory-scores.md"]
pygments_style = "friendly"

# Pages are also read on GitHub, so they link to files of the repository; the site shows those as plain names.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

# Every cell of every tutorial runs, in a folder of its own that is thrown away; one that fails ends the build.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_render_markdown_format = "myst"

# Docstrings are written with single backticks for code.
default_role = "literal"
# Pages have a table of names of their own; in the side bar thousands of them would cost half of the time.
toc_object_entries = False
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True


def _math(writer: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML, which browsers draw by themselves, with what docutils brings along."""
    block = isinstance(node, nodes.math_block)
    writer.body.append(tex2mathml(node.astext(), as_block=block))
    raise nodes.SkipNode


MAGIC_LANGUAGES = {".py": "python", ".toml": "toml", ".csv": "text"}


def _without_magic(_: Sphinx, page: nodes.document) -> None:
    """Show a cell that a shell runs, or that writes a file, without the line that tells Jupyter so."""
    for block in page.findall(nodes.literal_block):
        first, _, rest = block.astext().partition("\n")
        if first.startswith("%%bash"):
            block["language"] = "bash"
        elif first.startswith("%%writefile"):
            block["language"] = MAGIC_LANGUAGES[Path(first).suffix]
        else:
            continue
        block.rawsource = rest
        block.children = [nodes.Text(rest)]


def _spread(_: Sphinx, __: object, pages: list[str]) -> None:
    """Put the pages that take long far apart: processes are given neighbours to read."""
    slow = [page for page in pages if page.startswith("tutorials/")]
    quick = [page for page in pages if page not in slow]
    apart = len(quick) // (len(slow) or 1) + 1
    pages[:] = quick
    for index, page in enumerate(slow):
        pages.insert(index * (apart + 1), page)


def setup(app: Sphinx) -> dict[str, bool]:
    """Enter what this file adds to Sphinx."""
    app.add_html_math_renderer("mathml", (_math, None), (_math, None))
    app.connect("env-before-read-docs", _spread)
    app.connect("doctree-read", _without_magic)
    app.connect("autodoc-process-docstring", site.document_fields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
