from pathlib import Path

from tools.text_tasks import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "text-tasks.md"


def test_the_page_is_that_of_the_formats() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make pages`"
