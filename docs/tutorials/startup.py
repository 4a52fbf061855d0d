"""What the kernel of every tutorial runs first (docs/conf.py): shell cells whose output is one piece of plain text."""

import os
import subprocess

from IPython import get_ipython

# Jupyter asks for colours, which a page cannot show.
WITHOUT = ("FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE")


def bash(_line: str, cell: str) -> None:
    """Run a cell by bash; the first command that fails ends it, and the build with what was said on stderr.

    Jupyter's own magic of this name hands on a hundred letters at a time, and goes on after a failure. Progress is on
    stderr, differs from build to build, and is not shown.
    """
    env = {name: value for name, value in os.environ.items() if name not in WITHOUT}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", cell], env=env, capture_output=True, text=True, check=False
    )
    print(done.stdout, end="")  # noqa: T201 - it is the cell's output
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr}")


get_ipython().register_magic_function(bash, "cell")
