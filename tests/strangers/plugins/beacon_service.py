"""A service that holds a file while the daemon runs."""

from dataclasses import dataclass
from pathlib import Path

from canary_subs import Provider, hookimpl


@dataclass(frozen=True)
class Options:
    file: Path = Path("beacon")


class Beacon:
    def __init__(self, options, context):
        self.file = options.file

    def run(self, stop):
        self.file.write_text("running")
        stop.wait()
        self.file.write_text("stopped")


@hookimpl
def canary_subs_services():
    return [Provider(name="beacon", summary="holds a file", make=Beacon, options=Options)]
