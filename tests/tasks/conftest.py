import gzip
from pathlib import Path

import pytest
from task_data import Writer


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """Write a file into the test's folder; a name that ends in .gz is compressed."""

    def put(name: str, content: str | bytes) -> Path:
        data = content if isinstance(content, bytes) else content.encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return put
