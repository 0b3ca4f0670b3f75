"""Print a film's cues while it is being heard: python print_cues.py FILM [LANGUAGE ...]"""

import sys

from canary_subs import listen
from canary_subs.timing import clock

film, *languages = sys.argv[1:]
for language, cue in listen(film, to=languages or ["original"], model="demo"):
    print(f"{clock(cue.start_ms)}  {language}  {' / '.join(cue.lines)}", flush=True)
