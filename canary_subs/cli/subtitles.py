"""Subtitle files of anyone's: check, proof, align, relayout."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from canary_subs.cli import common
from canary_subs.errors import MediaError, OutputError, UsageError

if TYPE_CHECKING:
    from canary_subs.model import Document


#: What to look for beside a video: what our own writers and most others make.
READABLE = frozenset({".srt", ".vtt", ".ass", ".ssa", ".ttml", ".itt", ".sbv"})


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    checking = commands.add_parser("check", help="what a person should look at in subtitle files")
    checking.add_argument("files", nargs="+", type=Path, metavar="SUBTITLES")
    checking.add_argument("--video", type=Path, help="compare with the sound of this film")
    checking.add_argument("--source", type=Path, metavar="FILE", help="the file they translate")
    checking.add_argument("--reference", type=Path, metavar="FILE", help="right subtitles")
    _add_reading(checking)
    common.add_json(checking)
    checking.set_defaults(command=check)

    proving = commands.add_parser(
        "proof",
        help="a page to watch and correct subtitles",
        description="Make a page of a film and its subtitles, by default those beside it; or of a "
        "folder, an index of the pages and reports in it, the films with most findings first.",
    )
    proving.add_argument("video", type=Path, metavar="VIDEO|FOLDER")
    proving.add_argument("files", nargs="*", type=Path, metavar="SUBTITLES")
    proving.add_argument("--out", type=Path, metavar="FILE", help="the page to write")
    _add_reading(proving)
    proving.set_defaults(command=proof)

    aligning = commands.add_parser("align", help="time a script, or a drifted file, to a film")
    aligning.add_argument("video", type=Path, metavar="VIDEO")
    aligning.add_argument("text", type=Path, metavar="TEXT|SUBTITLES")
    aligning.add_argument("--language", metavar="LANG", help="of the text")
    _add_result(aligning)
    common.add_work(aligning)
    aligning.set_defaults(command=align)

    breaking = commands.add_parser("relayout", help="break a subtitle file anew, keeping its words")
    breaking.add_argument("file", type=Path, metavar="SUBTITLES")
    _add_reading(breaking)
    _add_result(breaking)
    breaking.set_defaults(command=relayout)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--language", metavar="LANG", help="of the subtitles, if not in the name")
    parser.add_argument("--from", dest="source_language", metavar="LANG", help="spoken in the film")
    parser.add_argument("--profile", metavar="NAME", help="reading rules (netflix, bbc ...)")
    common.add_config(parser)


def _add_result(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to-file", type=Path, metavar="FILE", help="the file to write; else standard output"
    )
    parser.add_argument("--as", dest="written", metavar="FORMAT", help="its format, by default srt")


def check(args: argparse.Namespace) -> int:
    """Report on each file; status 1 where something was found."""
    from canary_subs.cues.check.report import as_json, as_text
    from canary_subs.workflows.check import check_file

    room = common.open_room(args)
    chosen = room.settings.config
    clean = True
    reports = []
    for path in args.files:
        report = check_file(
            path,
            room.plugins,
            profile=chosen.profile,
            own_profiles=chosen.profiles,
            language=args.language,
            video=args.video,
            spoken=args.source_language,
            source=args.source,
            reference=args.reference,
        )
        clean = clean and report.clean
        reports.append(as_json(report) if args.json else as_text(report))
    if args.json:
        print(f"[{','.join(reports)}]")
    else:
        print("\n".join(reports))
    return int(not clean)


def proof(args: argparse.Namespace) -> int:
    """Write the proof page of a film and its subtitle files, or the index of a folder."""
    from canary_subs.workflows.review import review_files, save, write_index

    if args.video.is_dir():
        if args.files:
            raise UsageError(f"{args.video} is a folder: its index is made of no subtitle files")
        print(common.plain(str(write_index(args.video, args.out))))
        return 0
    room = common.open_room(args)
    chosen = room.settings.config
    found = review_files(
        args.video,
        args.files or _beside(args.video),
        room.plugins,
        profile=chosen.profile,
        own_profiles=chosen.profiles,
        spoken=args.source_language,
    )
    if args.out is not None:
        save(args.out, found.page(args.out.absolute().parent))
    print(common.plain(str(args.out or found.store(args.video.parent))))
    print(common.plain(found.summary))
    return 0


def _beside(video: Path) -> list[Path]:
    """The subtitle files that lie beside a video by their names. Raises `MediaError`."""
    try:
        files = sorted(
            path
            for path in video.parent.iterdir()
            if path.suffix.lower() in READABLE and path.name.startswith(f"{video.stem}.")
        )
    except OSError as error:
        raise MediaError(f"{video}: cannot be looked for ({error.strerror})") from error
    if not files:
        raise MediaError(f"{video}: no subtitle files lie beside it; name them")
    return files


def align(args: argparse.Namespace) -> int:
    """Time a text to a film, and write the result."""
    from canary_subs.config import layers as config
    from canary_subs.pipeline.schedule import Sessions
    from canary_subs.workflows.align import align as time

    room = common.open_room(args)
    plan = config.plan(room.settings.config, room.plugins)
    sessions = Sessions(room.plugins)
    sessions.engine(plan)  # a model that is not there is told of before the film is opened
    try:
        document = time(args.video, args.text, plan, room.plugins, sessions, language=args.language)
    finally:
        sessions.close()
    return _write(args, room, document)


def relayout(args: argparse.Namespace) -> int:
    """Break a file anew, and write the result."""
    from canary_subs.model import Choice
    from canary_subs.workflows import check as proofing

    room = common.open_room(args)
    chosen = room.settings.config
    document = proofing.relayout(
        args.file,
        room.plugins,
        profile=chosen.profile,
        layout=Choice(name=chosen.layout),
        own_profiles=chosen.profiles,
        language=args.language,
    )
    return _write(args, room, document)


def _write(args: argparse.Namespace, room: common.Room, document: Document) -> int:
    from canary_subs._files import write_whole
    from canary_subs.model import Choice

    target: Path | None = args.to_file
    named = target.suffix.removeprefix(".") if target is not None else "srt"
    writer = room.plugins.make("format", Choice(name=args.written or named))
    data: bytes = writer.write(document)
    if target is None:
        sys.stdout.buffer.write(data)
        return 0
    try:
        write_whole(target, data, replace=False)
    except FileExistsError:
        raise OutputError(f"{target}: is there already; name another file") from None
    except OSError as error:
        raise OutputError(f"{target}: cannot be written ({error.strerror})") from error
    print(target)
    return 0
