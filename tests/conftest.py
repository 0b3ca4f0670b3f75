"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# Read when torch is loaded, by whichever test comes first; see `canary_subs.canary`.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("KMP_BLOCKTIME", "0")

# A busy machine is no failure: tests are held to what they compute, not to how long it takes.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
