"""Another format whose files end in .tabs: times in seconds."""

from canary_subs import Cue, Provider, Subtitles, hookimpl


class SecondsReader:
    suffixes = (".tabs",)

    def sniff(self, data, hints):
        return "." in hints.text.partition("\t")[0]

    def read(self, data, hints):
        rows = [line.split("\t") for line in hints.text.splitlines()]
        return Subtitles(
            cues=tuple(
                Cue(
                    start_ms=round(1000 * float(start)),
                    end_ms=round(1000 * float(end)),
                    lines=(text,),
                )
                for start, end, text in rows
            )
        )


@hookimpl
def canary_subs_readers():
    return [Provider(name="seconds", summary="tabs, seconds", make=lambda *_: SecondsReader())]
