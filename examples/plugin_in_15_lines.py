"""A format of your own: put this file into the plugin folder, then ask for `--format sbv`."""

from canary_subs import Provider, hookimpl
from canary_subs.time import clock


class Sbv:
    suffix = ".sbv"

    def write(self, document):
        cues = (f"{clock(c.start_ms)},{clock(c.end_ms)}\n{c.text}\n" for c in document.cues)
        return "\n".join(cues).encode()


@hookimpl
def canary_subs_writers():
    return [Provider(name="sbv", summary="SubViewer, for YouTube", make=lambda *_: Sbv())]
