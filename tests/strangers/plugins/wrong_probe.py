"""A source that describes a file in words."""

from canary_subs import Provider, hookimpl


class ProbeGivesText:
    def probe(self, path):
        return "a video"

    def read(self, media, track):
        return []


@hookimpl
def canary_subs_sources():
    return [Provider(name="words", summary="wrong", make=lambda *_: ProbeGivesText())]
