"""The Canary engine: NVIDIA's speech recognition and translation models, decoded by our own loop.

Importing this package costs nothing; torch and NeMo come in when a session is opened.
"""

from __future__ import annotations

from collections.abc import Iterable

from canary_subs.canary.engine import CanaryEngine, CanaryOptions
from canary_subs.hookspecs import Engine, Provider, hookimpl


@hookimpl
def canary_subs_engines() -> Iterable[Provider[Engine]]:
    return [
        Provider(
            name="canary",
            summary="NVIDIA Canary: 25 European languages, to and from English, with word times",
            make=CanaryEngine,
            options=CanaryOptions,
        )
    ]
