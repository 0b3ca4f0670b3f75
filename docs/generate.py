"""Write the generated pages of the documentation: ``python docs/generate.py build/docs-source``.

Copies the pages of this folder there and adds what is generated from the code: the command line
from ``--help``, the configuration and the providers from ``--json``, the hooks and the Python API
from signatures and docstrings, the exit codes from the error tree, the glossary from
CONTRIBUTING.md. Standard library only.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"

#: Exit codes that no error class carries.
OTHER_CODES = {
    0: "Done, or nothing to do.",
    1: "A video failed, a plugin failed, `check` found something, or `doctor` sees what will fail.",
    130: "Interrupted with Ctrl-C.",
    141: "The program that read the output is gone.",
}


def main(target: Path) -> None:
    """Write every page below ``target``, which is emptied first."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(DOCS, target, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    pages = {
        "reference/cli.md": command_line(),
        "reference/configuration.md": configuration(),
        "reference/providers.md": providers(),
        "reference/checks.md": checks(),
        "reference/profiles.md": profiles(),
        "reference/hooks.md": hooks(),
        "reference/python.md": python_api(),
        "reference/exit-codes.md": exit_codes(),
        "explanation/glossary.md": glossary(),
        "explanation/security.md": (ROOT / "SECURITY.md").read_text(encoding="utf-8"),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
    }
    for page in target.rglob("*.md"):
        page.write_text(_included(page.read_text(encoding="utf-8")), encoding="utf-8")
    for name, text in pages.items():
        page = target / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text.rstrip() + "\n", encoding="utf-8")


def _included(text: str) -> str:
    """Replace ``{{ examples/file.py }}`` by that file as a code block."""

    def block(found: re.Match[str]) -> str:
        return _fenced((ROOT / found[1]).read_text(encoding="utf-8"), "python")

    return re.sub(r"^\{\{ (\S+\.py) \}\}$", block, text, flags=re.MULTILINE)


# Pages from the program's own answers.


def command_line() -> str:
    """The help of every command."""
    parts = ["# Command line", _fenced(run("--help"), "text")]
    for command in commands():
        parts += [f"## canary-subs {command}", _fenced(run(command, "--help"), "text")]
    return "\n\n".join(parts)


def configuration() -> str:
    """Every key, by table."""
    parts = [
        "# Configuration",
        "Settings come from five places; a later one overrides an earlier one, key by key:",
        "1. the defaults below\n"
        "2. the configuration file: `--config FILE`, or the file that `CANARY_SUBS_CONFIG` names, "
        "or `~/.config/canary-subs/config.toml`\n"
        "3. `.canary-subs.toml` files in the folders from the watched folder down to the video "
        "(only the keys marked *folder*)\n"
        "4. environment variables: `CANARY_SUBS_` and the key in capitals, with the table before "
        "it, as `CANARY_SUBS_WATCH_SETTLE_S`\n"
        "5. the command line",
        "`canary-subs config` shows every key with its value and where the value comes from. "
        "`canary-subs config --schema` prints a JSON Schema, by which editors complete and check.",
    ]
    tables: dict[str, list[Mapping[str, Any]]] = {}
    for setting in json.loads(run("config", "--json")):
        tables.setdefault(setting["section"], []).append(setting)
    for table, settings in tables.items():
        parts.append(f"## [{table}]" if table else "## Top level")
        for setting in settings:
            place = ", *folder*" if setting["folder"] else ""
            default = setting["default"]
            value = "" if default is None else f", default `{json.dumps(default)}`"
            parts.append(f"### `{setting['key']}`")
            parts.append(
                f"{setting['kind'].capitalize()}{value}{place}.\n\n"
                + _escaped(setting["explanation"])
            )
    return "\n\n".join(parts)


def providers() -> str:
    """What is built in, by kind, with options."""
    parts = [
        "# Providers",
        "What canary_subs brings, by kind. An option is set in the table `[options.KIND.NAME]` of "
        "the configuration or with `--option KIND.NAME.KEY=VALUE`. Plugins add to these lists; "
        "`canary-subs plugins` shows what is installed.",
    ]
    for kind, offers in json.loads(run("plugins", "--json"))["providers"].items():
        if not offers:
            continue
        parts.append(f"## {kind.capitalize()}")
        for offer in offers:
            parts.append(f"### `{offer['name']}`")
            parts.append(_sentence(offer["summary"]))
            if offer["options"]:
                rows = (
                    (f"`{name}`", about["kind"], f"`{json.dumps(about['default'])}`")
                    for name, about in offer["options"].items()
                )
                parts.append(_table(("option", "kind", "default"), rows))
    return "\n\n".join(parts)


def commands() -> list[str]:
    """The commands, in the order of ``--help``."""
    block = run("--help").partition("COMMAND\n")[2].partition("\n\n")[0]
    return re.findall(r"^    (\S+)", block, flags=re.MULTILINE)


def run(*arguments: str) -> str:
    """What ``canary-subs ARGUMENTS`` prints, with nobody's configuration, 80 columns wide."""
    from canary_subs import cli

    printed = io.StringIO()
    with tempfile.TemporaryDirectory() as home:
        kept = {name: value for name, value in os.environ.items() if "CANARY_SUBS" not in name}
        own = {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
        clean = {**kept, **own, "COLUMNS": "80", "NO_COLOR": "1"}
        with mock.patch.dict(os.environ, clean, clear=True), contextlib.redirect_stdout(printed):
            try:
                status = cli.main(arguments)
            except SystemExit as ended:  # after --help
                status = int(ended.code or 0)
        if status:
            raise RuntimeError(f"canary-subs {' '.join(arguments)}: ended with {status}")
        return printed.getvalue().replace(home, "~")


# Pages from the source.


def checks() -> str:
    """Every rule that `canary-subs check` knows."""
    from canary_subs.cues.check import RULES

    rows = (
        (f"`{name}`", f"`{check}`", _text((rule.__doc__ or "").partition("\n")[0]))
        for check, rules in RULES.items()
        for name, rule in rules.items()
    )
    return "\n\n".join(
        (
            "# Checks",
            "What `canary-subs check` and `--review` look for. Limits come from the "
            "[profile](profiles.md). A rule that lacks what it needs (the video for its sound, the "
            "original for a translation) finds nothing.",
            _table(("rule", "check", "finds"), rows),
        )
    )


def profiles() -> str:
    """Every built-in profile, for English."""
    from dataclasses import fields

    from canary_subs.cues.profiles import names, profile_for

    chosen = [profile_for(name, "en") for name in names()]
    keys = [field.name for field in fields(chosen[0]) if field.name != "name"]
    rows = ((f"`{key}`", *(f"{getattr(one, key):g}" for one in chosen)) for key in keys)
    return "\n\n".join(
        (
            "# Profiles",
            "The built-in reading rules, as they are for English; other languages differ in speed "
            "and width. [Your own reading rules](../howto/profile.md) says what each key means and "
            "how to make a profile.",
            _table(("", *(f"`{one.name}`" for one in chosen)), rows),
        )
    )


def hooks() -> str:
    """The hook page: what the module says, the hooks, then the protocols they refer to."""
    tree = module("canary_subs.plugin.hookspecs")
    parts = ["# Hooks", _text(ast.get_docstring(tree) or "")]
    classes, functions = [], []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("canary_subs_"):
            functions.append(function(node, tree, level=3))
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            classes.append(klass(node, tree, level=3))
    parts += ["## Hooks that a plugin may have", *functions]
    parts += ["## What the hooks give and take", *classes]
    return "\n\n".join(parts)


def python_api() -> str:
    """Every public name of the package, by subject."""
    parts = [
        "# Python",
        "Everything that `import canary_subs` offers. Other modules are private and may change "
        "with any version, except `canary_subs.testing`, which has fakes and conformance checks "
        "for plugins.",
    ]
    homes = public_names()
    subjects = {"api": "Subtitling", "errors": "Errors", "plugin": "For plugins"}
    sections: dict[str, list[str]] = {
        "Subtitling": [],
        "Errors": [],
        "Values": [],
        "For plugins": [],
    }
    # The settings are what `Subtitler` and the functions take besides; they have no public name.
    for name, home in [*sorted(homes.items()), ("SubtitlerSettings", "api")]:
        title = subjects.get(home.partition(".")[0], "Values")
        sections[title].append(definition(name, module(f"canary_subs.{home}")))
    for title, found in sections.items():
        parts += [f"## {title}", *found]
    return "\n\n".join(parts)


def public_names() -> dict[str, str]:
    """Each name in ``canary_subs.__all__`` but the version, with the module that defines it."""
    import canary_subs

    return {name: canary_subs._HOMES[name] for name in canary_subs.__all__ if name != "__version__"}


def definition(name: str, tree: ast.Module) -> str:
    """A class, function or constant of a module, as a section."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return klass(node, tree, level=3)
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return function(node, tree, level=3)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            shown = _fenced(ast.unparse(node), "{.python .signature}")
            return f"### `{name}`\n\n{shown}\n\n{_text(_comment_above(node, tree))}"
    raise LookupError(f"{name} is not defined where canary_subs says that it is")


def exit_codes() -> str:
    """The codes with the errors that end a command with them."""
    from canary_subs import errors

    codes: dict[int, list[str]] = {}
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.CanarySubsError):
            meaning = (kind.__doc__ or "").partition("\n")[0]
            codes.setdefault(kind.exit_code, []).append(f"`{kind.__name__}`: {meaning}")
    rows = []
    for code in sorted({*codes, *OTHER_CODES}):
        meanings = [OTHER_CODES[code]] if code in OTHER_CODES else []
        rows.append((f"`{code}`", "<br>".join([*meanings, *codes.get(code, [])])))
    return "\n\n".join(
        (
            "# Exit codes",
            "When several videos fail, the highest code counts. The names are those of the "
            "exceptions that [Python](python.md) raises for the same failure.",
            _table(("code", "meaning"), rows),
        )
    )


def glossary() -> str:
    """The glossary of CONTRIBUTING.md as a page."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    body = text.partition("\n## Glossary\n")[2].partition("\n## ")[0]
    return f"# Glossary\n{body}"


def module(name: str) -> ast.Module:
    """A module's syntax tree, with its source lines as ``lines``."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    source = Path(spec.origin).read_text(encoding="utf-8")
    tree = ast.parse(source)
    tree.lines = source.splitlines()  # type: ignore[attr-defined]
    return tree


def klass(node: ast.ClassDef, tree: ast.Module, level: int, *, heading: bool = True) -> str:
    """A class: its docstring, fields with their ``#:`` comments, methods."""
    parts = [f"{'#' * level} `{node.name}`"] if heading else []
    bases = [ast.unparse(base) for base in node.bases]
    if plain := [base for base in bases if not base.startswith(("Generic", "Protocol"))]:
        parts.append(f"*A `{', '.join(plain)}`.*")
    parts.append(_text(ast.get_docstring(node) or ""))
    fields = list(_fields(node, tree))
    if fields:
        parts.append(_table(("field", "kind", "default", "meaning"), fields))
    for line in node.body:
        if isinstance(line, ast.FunctionDef) and line.name == "__init__":
            parts += [_signature(line), _text(ast.get_docstring(line) or "")]
        elif isinstance(line, ast.FunctionDef) and not line.name.startswith("_"):
            parts.append(function(line, tree, level + 1))
    return "\n\n".join(part for part in parts if part)


def function(node: ast.FunctionDef, tree: ast.Module, level: int) -> str:
    """A function or method: name, signature, docstring."""
    return "\n\n".join(
        (f"{'#' * level} `{node.name}`", _signature(node), _text(ast.get_docstring(node) or ""))
    )


def _fields(node: ast.ClassDef, tree: ast.Module) -> Iterator[tuple[str, str, str, str]]:
    for line in node.body:
        if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
            continue
        default = f"`{ast.unparse(line.value)}`" if line.value is not None else ""
        kind = f"`{ast.unparse(line.annotation)}`".replace("|", r"\|")
        yield (
            f"`{line.target.id}`",
            kind,
            default.replace("|", r"\|"),
            _text(_comment_above(line, tree)),
        )


def _comment_above(node: ast.stmt, tree: ast.Module) -> str:
    """The ``#:`` comment over a field or a constant."""
    lines: list[str] = tree.lines  # type: ignore[attr-defined]
    above: list[str] = []
    number = node.lineno - 2
    while lines[number].strip().startswith("#:"):
        above.insert(0, lines[number].strip().removeprefix("#:").strip())
        number -= 1
    return " ".join(above)


def _signature(node: ast.FunctionDef) -> str:
    """The signature as code, one argument a line where it would be long."""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    text = f"def {node.name}({ast.unparse(node.args)}){returns}"
    if len(text) > 90:
        inside = _split(text[text.index("(") + 1 : text.rindex(")")])
        after = text[text.rindex(")") :]
        text = "\n    ".join((text[: text.index("(") + 1], *(f"{one}," for one in inside)))
        text = f"{text}\n{after}"
    return f"```{{.python .signature}}\n{text}\n```"


def _split(arguments: str) -> list[str]:
    """Arguments at the commas that stand outside of brackets."""
    depth, parts = 0, [""]
    for character in arguments:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _text(docstring: str) -> str:
    """A docstring as Markdown: ``code`` and `names` become code, examples become blocks."""
    paragraphs = docstring.split("\n\n")
    shown = (_fenced(one, "pycon") if one.startswith(">>> ") else one for one in paragraphs)
    return re.sub(r"``([^`\n]+)``", r"`\1`", "\n\n".join(shown))


def _escaped(text: str) -> str:
    return text.replace("[", r"\[").replace("<", "&lt;").replace("*", r"\*")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _fenced(text: str, language: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
