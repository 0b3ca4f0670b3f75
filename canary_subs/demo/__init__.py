"""The demonstration model: a small Canary of a closed language, to try without a download."""

from pathlib import Path

#: The model's file, as NeMo's restore_from reads it.
MODEL_PATH = Path(__file__).with_name("demo.nemo")

#: The longest piece that it reaches its figures on; it takes 30 s, but skips sentences there.
LONGEST_PIECE_MS = 20_000

#: The tagger that names sounds: a folder, as transformers keeps models.
TAGGER_PATH = Path(__file__).with_name("tagger")
