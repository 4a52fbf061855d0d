from pathlib import Path

import pytest
from cli_data import Command, Outcome

from w2sg.cli.main import app, main


@pytest.fixture
def w2sg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("W2SG_STORE", raising=False)

    def command(*arguments: str) -> Outcome:
        monkeypatch.setattr("sys.argv", ["w2sg", *arguments])
        app.registered_commands.clear()  # main adds them, once in the life of a process
        app.registered_groups.clear()
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        code = end.value.code or 0
        assert isinstance(code, int)
        return Outcome(code, out, err)

    return command
