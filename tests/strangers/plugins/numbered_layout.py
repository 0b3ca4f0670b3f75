"""A layout with a cue for each utterance, numbered from an option."""

from dataclasses import dataclass

from canary_subs import Cue, Provider, hookimpl


@dataclass(frozen=True)
class Options:
    first: int = 1


class Numbered:
    def __init__(self, options, context):
        self.first = options.first

    def layout(self, request):
        return [
            Cue(
                start_ms=one.span.start_ms,
                end_ms=one.span.end_ms,
                lines=(f"{number}: {one.text}",),
                words=tuple(one.words),
            )
            for number, one in enumerate(request.transcript.utterances, self.first)
        ]


@hookimpl
def canary_subs_layouts():
    return [Provider(name="numbered", summary="numbers", make=Numbered, options=Options)]
