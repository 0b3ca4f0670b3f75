"""A source that reads bytes instead of clips."""

from canary_subs import Provider, hookimpl
from canary_subs.testing import FakeSource


class ReadGivesBytes(FakeSource):
    def read(self, media, track):
        return [b"sound"]


@hookimpl
def canary_subs_sources():
    return [Provider(name="bytes", summary="wrong", make=lambda *_: ReadGivesBytes())]
