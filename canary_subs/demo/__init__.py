"""The demonstration models: small ones of a closed language, to try without a download.

`CARD.md` says what they can do; ``examples/demo_model`` in the source tree trains them.
"""

from pathlib import Path

#: The model's file, as NeMo's restore_from reads it.
MODEL_PATH = Path(__file__).with_name("demo.nemo")

#: The tagger that names sounds: a folder, as transformers keeps models.
TAGGER_PATH = Path(__file__).with_name("tagger")
