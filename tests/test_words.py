"""The glossary of CONTRIBUTING.md is kept: none of the metaphors that it replaced comes back."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: A metaphor or a phrase, anywhere in code, comments and texts; what to write instead.
WORDS = {
    r"roads?": "pipeline, workflow",
    r"houses?|housed": "package, program",
    r"rooms?": "package, space",
    r"films?": "video",
    r"pieces?": "segment, part",
    r"heard": "recognised",
    r"told|tells|(?<!cannot )tell": "report, say, name",
    r"tongues?": "language",
    r"shall": "must, is to",
    r"of anyone's": "of other programs",
    r"(?<!there )is no(?! longer| more| less| earlier| later| narrower| wider)": "is not a",
    r"where there is one": "if there is one",
    r"for want of": "without",
    r"in the trade": "by professionals",
}
#: Parts of names in code that say nothing about what they name; fine in a sentence.
NAME_PARTS = frozenset(
    "road roads house room rooms film films piece pieces heard told tell tongue tongues whole look "
    "looks way ways".split()
)
#: Names that other libraries chose.
FOREIGN_NAMES = frozenset(
    "id_to_piece piece_to_id get_piece_size GetPieceSize IdToPiece SentencePieceProcessor "
    "SentencePieceTrainer".split()
)
#: Where a word has its usual meaning: (file or folder, words).
ALLOWED = (
    ("canary_subs/cues/data", r"."),  # words and labels of 25 languages
    ("canary_subs/proof/vendor", r"."),  # not ours
    ("canary_subs/sounds/data", r"rooms?"),  # AudioSet's own names
    ("examples/demo_model/words.py", r"."),  # a vocabulary
    ("examples/demo_model", r"rooms?"),  # reverberation
    ("canary_subs/demo/CARD.md", r"rooms?"),
)
SUFFIXES = frozenset(".py .md .toml .js .html .css .yml .yaml .txt .cfg".split())
FOLDERS = ("canary_subs", "docs", "examples", "plugins", ".github")
FILES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "Makefile", "pyproject.toml", "mkdocs.yml")

_WORDS = re.compile(r"(?<![\w'-])(?:" + "|".join(WORDS) + r")(?![\w-])", re.IGNORECASE)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def texts() -> Iterator[Path]:
    """Everything that a user or a developer reads."""
    for folder in FOLDERS:
        yield from sorted(
            path
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and path.suffix in SUFFIXES and "__pycache__" not in path.parts
        )
    yield from (ROOT / name for name in FILES)


def findings(path: Path) -> Iterator[str]:
    """``file:line: word`` for each word that should not be there."""
    name = path.relative_to(ROOT).as_posix()
    allowed = [
        re.compile(words, re.IGNORECASE) for place, words in ALLOWED if name.startswith(place)
    ]
    text = path.read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        for found in _WORDS.finditer(line):
            if not any(words.match(found[0]) for words in allowed):
                yield f"{name}:{number}: {found[0]!r} in: {line.strip()[:100]}"
    if path.suffix == ".py" and not any(words.pattern == "." for words in allowed):
        yield from _names(name, text)


def _names(name: str, text: str) -> Iterator[str]:
    """The same for the parts of names in Python code."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and token.string not in FOREIGN_NAMES:
            parts = {part.lower() for part in _PARTS.findall(token.string)}
            if bad := parts & NAME_PARTS:
                yield f"{name}:{token.start[0]}: {min(bad)!r} in the name {token.string}"


def test_no_metaphor_stands_for_a_term() -> None:
    found = [line for path in texts() for line in findings(path)]
    assert not found, "\n".join([f"{len(found)} words that the glossary replaced:", *found])


def test_names_of_tests_keep_to_the_glossary() -> None:
    found = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        functions = re.finditer(
            r"^ *def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
        for names in (path.stem, *(function[1] for function in functions)):
            if bad := NAME_PARTS.intersection(names.split("_")):
                found.append(f"{name}: {min(bad)!r} in {names}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("The road on one screen", "road"),
        ("x.txt: is no subtitle file", "is no"),
        ("Subtitle files of anyone's", "of anyone's"),
        ("Remembers finished Pieces", "Pieces"),
    ],
)
def test_what_is_found(line: str, word: str) -> None:
    found = _WORDS.search(line)
    assert found is not None
    assert found[0] == word


@pytest.mark.parametrize(
    "line", ["there is no GPU", "broadcast on the railroad", "it is no longer there", "masterpiece"]
)
def test_what_is_not(line: str) -> None:
    assert not _WORDS.search(line)
