"""The demonstration model: a small Canary of a closed language, to try without a download."""

from pathlib import Path

#: The model's file, as NeMo's restore_from reads it.
MODEL_PATH = Path(__file__).with_name("demo.nemo")
