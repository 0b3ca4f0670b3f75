"""Subtitle files of anyone's: check, proof, align, relayout."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from canary_subs._text import printable
from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser
from canary_subs.errors import MediaError, OutputError, UsageError

if TYPE_CHECKING:
    from canary_subs.model import Document, Plan
    from canary_subs.plugin.manager import Plugins


def add_to(commands: Commands[Parser]) -> None:
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
    common.add_settings(parser, "spoken", "profile")
    common.add_config(parser)
    common.add_options(parser)


def _add_result(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to-file", type=Path, metavar="FILE", help="the file to write; else standard output"
    )
    parser.add_argument("--as", dest="written", metavar="FORMAT", help="its format, by default srt")


def check(args: argparse.Namespace) -> int:
    """Report on each file; status 1 where something was found."""
    from canary_subs.cues.check.report import as_json, as_text
    from canary_subs.workflows.check import check_file

    app = common.open_app(args)
    chosen = app.settings.config
    clean = True
    reports = []
    for path in args.files:
        report = check_file(
            path,
            app.plugins,
            profile=chosen.profile,
            own_profiles=chosen.profiles,
            language=args.language,
            video=args.video,
            spoken=chosen.spoken,
            original=args.source,
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
        print(printable(write_index(args.video, args.out)))
        return 0
    app = common.open_app(args)
    chosen = app.settings.config
    found = review_files(
        args.video,
        args.files or _beside(args.video, app.plugins),
        app.plugins,
        profile=chosen.profile,
        own_profiles=chosen.profiles,
        spoken=chosen.spoken,
    )
    if args.out is not None:
        save(args.out, found.page(args.out.absolute().parent))
    print(printable(args.out or found.store(args.video.parent)))
    print(printable(found.summary))
    return 0


def _beside(video: Path, plugins: Plugins) -> list[Path]:
    """The subtitle files that lie beside a video by their names. Raises `MediaError`."""
    from canary_subs.formats.reading import suffixes

    readable = suffixes(plugins)
    try:
        files = sorted(
            path
            for path in video.parent.iterdir()
            if path.suffix.lower() in readable
            and path.name.startswith(f"{video.stem}.")
            # With an index, a .sub file holds pictures (VobSub).
            and not (path.suffix.lower() == ".sub" and path.with_suffix(".idx").exists())
        )
    except OSError as error:
        raise MediaError(f"{video}: cannot be looked for ({error.strerror})") from error
    if not files:
        raise MediaError(f"{video}: no subtitle files lie beside it; name them")
    return files


def align(args: argparse.Namespace) -> int:
    """Time a text to a video, and write the result."""
    from canary_subs.config.plan import plan as plan_for
    from canary_subs.workflows.align import align as time

    app = common.open_app(args)
    plan = plan_for(app.settings.config, app.plugins)
    # A model that does not exist is reported before the video is opened.
    app.plugins.use("engine", plan.engine, plan.context)
    try:
        document = time(args.video, args.text, plan, app.plugins, language=args.language)
        return _write(args, app, plan, document)
    finally:
        app.plugins.close()


def relayout(args: argparse.Namespace) -> int:
    """Break a subtitle file into cues anew, and write the result."""
    from canary_subs.config.plan import plan as plan_for
    from canary_subs.workflows.relayout import relayout as break_anew

    app = common.open_app(args)
    plan = plan_for(app.settings.config, app.plugins)
    document = break_anew(args.file, plan, app.plugins, language=args.language)
    return _write(args, app, plan, document)


def _write(args: argparse.Namespace, app: common.AppContext, plan: Plan, document: Document) -> int:
    from canary_subs._files import write_atomic
    from canary_subs.model import Choice
    from canary_subs.pipeline.output import render

    target: Path | None = args.to_file
    name = args.written or (target.suffix.removeprefix(".") if target is not None else "srt")
    options = app.settings.config.options.get("format", {}).get(name, {})
    data = render(document, Choice(name=name, options=options), plan, app.plugins).data
    if target is None:
        sys.stdout.buffer.write(data)
        return 0
    try:
        write_atomic(target, data, replace=False)
    except FileExistsError:
        raise OutputError(f"{target}: is there already; name another file") from None
    except OSError as error:
        raise OutputError(f"{target}: cannot be written ({error.strerror})") from error
    print(target)
    return 0
