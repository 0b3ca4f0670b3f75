"""A format both ways: start, end and text between tabs, a cue a line."""

from canary_subs import Cue, Damage, NotSubtitles, Provider, Subtitles, hookimpl


class TabbedWriter:
    suffix = ".tabs"

    def write(self, document):
        lines = (f"{cue.start_ms}\t{cue.end_ms}\t{' '.join(cue.lines)}\n" for cue in document.cues)
        return "".join(lines).encode("utf-8", "backslashreplace")


class TabbedReader:
    suffixes = (".tabs",)

    def sniff(self, data, hints):
        return hints.text.partition("\t")[0].strip().isdigit()

    def read(self, data, hints):
        cues, damage = [], []
        for number, line in enumerate(hints.text.splitlines(), 1):
            try:
                start, end, text = line.split("\t")
                lines = (text.strip(),) if text.strip() else ()
                cues.append(Cue(start_ms=int(start), end_ms=int(end), lines=lines))
            except ValueError:
                damage.append(Damage(line=number, what="not start, end and text"))
        if not cues:
            raise NotSubtitles("no line has start, end and text")
        return Subtitles(cues=tuple(cues), damage=tuple(damage))


@hookimpl
def canary_subs_readers():
    about = "start, end and text between tabs"
    return [Provider(name="tabbed", summary=about, make=lambda *_: TabbedReader())]


@hookimpl
def canary_subs_writers():
    about = "start, end and text between tabs"
    return [Provider(name="tabbed", summary=about, make=lambda *_: TabbedWriter())]
