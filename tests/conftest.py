"""What all tests share."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from canary_subs import _process

# Read when torch is loaded, by whichever test comes first.
_process.prepare()

# A busy machine is not a failure: tests are held to what they compute, not to how long it takes.
# A change is judged by what it changed: the same examples every time. `EXAMPLES=10000 make test`
# draws as many new ones.
settings.register_profile("canary_subs", deadline=None, derandomize="EXAMPLES" not in os.environ)
settings.load_profile("canary_subs")


@pytest.fixture(autouse=True)
def logger_levels_last_one_test() -> Iterator[None]:
    """The command line sets the level of our logger, in this process too."""
    logger = logging.getLogger("canary_subs")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture(autouse=True)
def every_record_is_caught(caplog: pytest.LogCaptureFixture) -> None:
    """NeMo's own `transcribe`, a rival in some tests, turns down whatever handlers there are."""
    caplog.handler.setLevel(0)
