"""A format of two files: the texts, and an index with their times."""

from canary_subs import Provider, hookimpl


class Paired:
    suffix = ".lines"

    def write(self, document):
        texts = "".join(f"{cue.text}\n" for cue in document.cues)
        times = "".join(f"{cue.start_ms} {cue.end_ms}\n" for cue in document.cues)
        return {
            ".lines": texts.encode("utf-8", "backslashreplace"),
            ".times": times.encode(),
        }


@hookimpl
def canary_subs_writers():
    return [Provider(name="paired", summary="texts and times", make=lambda *_: Paired())]
