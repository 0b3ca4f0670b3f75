"""``python -m canary_subs`` is ``canary-subs``."""

import sys

from canary_subs.cli import main

sys.exit(main())
