from __future__ import annotations

import pytest

from tests.media.videos import Studio


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio.in_folder(tmp_path_factory.mktemp("videos"))
