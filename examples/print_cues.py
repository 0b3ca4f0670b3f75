"""Print a film's cues while it is being heard: python print_cues.py FILM [LANGUAGE ...]"""

import sys

from canary_subs import listen
from canary_subs.errors import CanarySubsError
from canary_subs.time import clock

film, *languages = sys.argv[1:] or sys.exit(__doc__)
try:
    for language, cue in listen(film, to=languages or ["original"], model="demo"):
        print(f"{clock(cue.start_ms)}  {language}  {' / '.join(cue.lines)}", flush=True)
except CanarySubsError as error:
    sys.exit(f"print_cues: {error}")
