"""A subcommand that counts the cues of subtitle files."""

from pathlib import Path

from canary_subs import Command, hookimpl, read


def add_arguments(parser):
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--loud", action="store_true")


def run(args, settings, plugins):
    for file in args.files:
        count = len(read(file, plugins=plugins).cues)
        print(f"{file.name}: {count}{'!' if args.loud else ''}")
    return 0


@hookimpl
def canary_subs_commands():
    return [Command(name="count", help="count cues", add_arguments=add_arguments, run=run)]
