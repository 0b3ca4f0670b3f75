"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no failure: tests are held to what they compute, not to how long it takes.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
