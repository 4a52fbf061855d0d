"""The command `w2sg`, and `python -m w2sg`."""

import os
import sys


def main() -> None:
    """Run the command line; Ctrl-C is answered in one line also while it is being loaded."""
    try:
        from w2sg.cli.main import main as command_line
    except KeyboardInterrupt:
        sys.stderr.write("stopped before anything was done\n")
        sys.stderr.flush()
        os._exit(130)
    command_line()


if __name__ == "__main__":
    main()
