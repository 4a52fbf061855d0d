"""`python -m w2sg`."""

from w2sg.cli.main import main

if __name__ == "__main__":
    main()
