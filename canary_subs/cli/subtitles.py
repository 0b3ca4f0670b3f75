"""Work with existing subtitle files: check, proof, align, relayout."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from canary_subs._text import printable
from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser
from canary_subs.errors import CanarySubsError, MediaError, OutputError, UsageError

if TYPE_CHECKING:
    from canary_subs.model import Choice, Document, Plan
    from canary_subs.plugin.manager import Plugins


def add_to(commands: Commands[Parser]) -> None:
    checking = commands.add_parser(
        "check", help="find what a person should look at in subtitle files"
    )
    checking.add_argument("files", nargs="+", type=Path, metavar="SUBTITLES")
    checking.add_argument(
        "--video", type=Path, metavar="VIDEO", help="compare with the speech in this video"
    )
    checking.add_argument(
        "--original", type=Path, metavar="FILE", help="the subtitles that these translate"
    )
    _add_frame_rate(checking)
    checking.add_argument(
        "--reference", type=Path, metavar="FILE", help="correct subtitles to compare with"
    )
    _add_reading(checking)
    common.add_json(checking)
    checking.set_defaults(command=check)

    proving = commands.add_parser(
        "proof",
        help="make a page to watch and correct subtitles",
        description="Make a page of a video and its subtitles, by default those beside it; or, "
        "for a folder, an index of its pages and reports, the videos with most findings first.",
    )
    proving.add_argument("video", type=Path, metavar="VIDEO|FOLDER")
    proving.add_argument("files", nargs="*", type=Path, metavar="SUBTITLES")
    proving.add_argument("--out", type=Path, metavar="FILE", help="the page to write")
    _add_frame_rate(proving)
    _add_reading(proving)
    proving.set_defaults(command=proof)

    aligning = commands.add_parser(
        "align", help="time a script, or subtitles that are off, to a video"
    )
    aligning.add_argument("video", type=Path, metavar="VIDEO")
    aligning.add_argument("text", type=Path, metavar="TEXT|SUBTITLES")
    aligning.add_argument("--language", metavar="LANG", help="language of the text")
    _add_frame_rate(aligning)
    _add_result(aligning)
    common.add_work(aligning)
    aligning.set_defaults(command=align)

    breaking = commands.add_parser(
        "relayout", help="break a subtitle file into new cues, keeping its words"
    )
    breaking.add_argument("file", type=Path, metavar="SUBTITLES")
    _add_frame_rate(breaking)
    _add_reading(breaking)
    _add_result(breaking)
    breaking.set_defaults(command=relayout)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--language", metavar="LANG", help="language of the subtitles, if not in the file's name"
    )
    common.add_settings(parser, "spoken", "profile")
    common.add_config(parser)
    common.add_options(parser)


def _add_frame_rate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--frame-rate",
        type=_frame_rate,
        metavar="RATE",
        help="frames a second (25, 23.976, 30000/1001) for formats that count frames; "
        "by default the video's",
    )


def _frame_rate(text: str) -> Fraction:
    from canary_subs.time import parse_frame_rate

    rate = parse_frame_rate(text)
    if rate is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a frame rate such as 25 or 23.976")
    return rate


def _add_result(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--force", action="store_true", help="leave out what of the file cannot be read"
    )
    parser.add_argument(
        "--to-file", type=Path, metavar="FILE", help="the file to write; by default standard output"
    )
    parser.add_argument(
        "--as",
        dest="written",
        metavar="FORMAT",
        help="the format; by default that of the file's suffix, else srt",
    )


def check(args: argparse.Namespace) -> int:
    """Report on each file; status 1 if anything was found, else that of the worst failure."""
    from canary_subs.cues.check.report import as_json, as_text
    from canary_subs.workflows.check import check_file

    app = common.open_app(args)
    chosen = app.settings.config
    status = 0
    reports = []
    for path in args.files:
        try:
            common.require_file(path, "name the subtitle files in it")
            report = check_file(
                path,
                app.plugins,
                profile=chosen.profile,
                own_profiles=chosen.profiles,
                language=args.language,
                video=args.video,
                spoken=chosen.spoken,
                original=args.original,
                reference=args.reference,
                frame_rate=args.frame_rate,
            )
        except CanarySubsError as error:
            common.complain(common.about(path, error))
            status = max(status, error.exit_code)
            continue
        status = max(status, int(not report.clean))
        reports.append(as_json(report) if args.json else as_text(report))
    if args.json:
        print(f"[{','.join(reports)}]")
    elif reports:
        print("\n".join(reports))
    return status


def proof(args: argparse.Namespace) -> int:
    """Write the proof page of a video and its subtitle files, or the index of a folder."""
    from canary_subs.cli.progress import VideoProgress
    from canary_subs.workflows.review import review_files, save
    from canary_subs.workflows.review_index import write_index

    if args.video.is_dir():
        if args.files:
            raise UsageError(f"{args.video} is a folder: name no subtitle files with it")
        print(printable(write_index(args.video, args.out)))
        return 0
    app = common.open_app(args)
    chosen = app.settings.config
    common.require_file(args.video, "name a video")
    with closing(app.plugins), VideoProgress(quiet=args.quiet) as progress:
        found = review_files(
            args.video,
            args.files or _beside(args.video, app.plugins),
            app.plugins,
            profile=chosen.profile,
            own_profiles=chosen.profiles,
            spoken=chosen.spoken,
            frame_rate=args.frame_rate,
            on_progress=partial(progress.show, args.video, "finding speech"),
        )
    if args.out is not None:
        save(args.out, found.page(args.out.absolute().parent))
    print(printable(args.out or found.store(args.video.parent)))
    print(printable(found.summary))
    return 0


def _beside(video: Path, plugins: Plugins) -> list[Path]:
    """The subtitle files beside a video, by their names. Raises `MediaError`."""
    from canary_subs.formats.reading import beside

    try:
        files = beside(video, plugins)
    except OSError as error:
        raise MediaError(f"{video.parent}: cannot be read ({error.strerror})") from error
    if not files:
        raise MediaError(f"{video}: there are no subtitle files beside it; name them")
    return files


def align(args: argparse.Namespace) -> int:
    """Time a text to a video, and write the result."""
    from canary_subs.config.plan import plan as plan_for
    from canary_subs.pipeline.engine import engine_of
    from canary_subs.workflows.align import align as time

    for path in (args.video, args.text):
        common.require_file(path, "name a file in it")
    app = common.open_app(args)
    plan = plan_for(app.settings.config, app.plugins)
    with closing(app.plugins):
        writer = _writer(args, app, plan)
        # A model that does not exist is reported before the video is opened.
        engine_of(plan.engine, plan.context, app.plugins)
        document = time(
            args.video,
            args.text,
            plan,
            app.plugins,
            language=args.language,
            frame_rate=args.frame_rate,
            force=args.force,
        )
        return _write(document, writer, plan, app.plugins, args.to_file)


def relayout(args: argparse.Namespace) -> int:
    """Break a file anew, and write the result."""
    from canary_subs.config.plan import plan as plan_for
    from canary_subs.workflows.relayout import relayout as break_anew

    common.require_file(args.file, "name a file in it")
    app = common.open_app(args)
    plan = plan_for(app.settings.config, app.plugins)
    with closing(app.plugins):
        writer = _writer(args, app, plan)
        document = break_anew(
            args.file,
            plan,
            app.plugins,
            language=args.language,
            frame_rate=args.frame_rate,
            force=args.force,
        )
        return _write(document, writer, plan, app.plugins, args.to_file)


def _writer(args: argparse.Namespace, app: common.AppContext, plan: Plan) -> Choice:
    """The format to write, with its options: as asked for, else by the file's suffix.

    Raises `UsageError`.
    """

    name = args.written.lower() if args.written else None
    if name is None:
        name = "srt" if args.to_file is None else _format_of(args.to_file, plan, app.plugins)
    app.plugins.provider("format", name)
    return app.plugins.choice("format", name)


def _format_of(file: Path, plan: Plan, plugins: Plugins) -> str:
    """The format whose suffix ends a file's name; the longest such suffix counts."""
    from canary_subs.pipeline.existing import suffix_of

    found: list[tuple[int, bool, str]] = []
    for entry in plugins.providers("format"):
        name = entry.provider.name
        try:
            suffix = suffix_of(plugins.choice("format", name), plan, plugins).lower()
        except CanarySubsError:
            continue
        if file.name.lower().endswith(suffix):
            found.append((len(suffix), suffix == f".{name}", name))
    if not found:
        raise UsageError(f"{file}: no format has this suffix; name the format with --as")
    return max(found)[2]


def _write(
    document: Document, writer: Choice, plan: Plan, plugins: Plugins, target: Path | None
) -> int:
    """Write a document to a file, and further files of its format beside it, or to the terminal."""
    from canary_subs._files import write_atomic
    from canary_subs.pipeline.output import render

    rendered = render(document, writer, plan, plugins)
    if target is None:
        if rendered.extra:
            raise UsageError(f"{writer.name} makes several files; name one with --to-file")
        sys.stdout.buffer.write(rendered.data)
        return 0
    stem = target.name.removesuffix(rendered.suffix)
    files = {target: rendered.data}
    files |= {target.with_name(stem + suffix): data for suffix, data in rendered.extra.items()}
    for path, data in files.items():
        try:
            write_atomic(path, data, replace=False)
        except FileExistsError:
            raise OutputError(f"{path}: exists already; name another file") from None
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror})") from error
        print(printable(path))
    return 0
