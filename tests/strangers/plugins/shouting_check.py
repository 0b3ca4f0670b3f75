"""A check that finds cues in capitals."""

from dataclasses import dataclass

from canary_subs import Finding, Provider, hookimpl


@dataclass(frozen=True)
class Options:
    longest: int = 3


class Shouting:
    def __init__(self, options, context):
        self.longest = options.longest

    def check(self, request):
        for number, cue in enumerate(request.cues):
            if cue.text.isupper() and len(cue.text) > self.longest:
                yield Finding(
                    rule="shouting",
                    start_ms=cue.start_ms,
                    end_ms=cue.end_ms,
                    measured=f"{len(cue.text)} capitals",
                    limit=f"{self.longest} capitals",
                    cue=number,
                )


@hookimpl
def canary_subs_checks():
    return [Provider(name="shouting", summary="cues in capitals", make=Shouting, options=Options)]
