"""Fetch the pinned wavesurfer.js through npm, check it, and put it where the proof page finds it.

Run from anywhere: ``make vendor``. It needs ``npm`` and nothing else. To move to another version,
change `VERSION` and `SHA256` (of the packed archive) and run it again.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "8.0.1"
SHA256 = "f1a63903c1a53591ba24be4aad13d7ae69c6373f359701857135b756b307bf3b"
#: Where each member of the archive goes.
MEMBERS = {
    "package/dist/wavesurfer.min.js": "wavesurfer.min.js",
    "package/LICENSE": "wavesurfer.LICENSE",
}
TARGET = Path(__file__).resolve().parent.parent.parent / "canary_subs" / "proof" / "vendor"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            ["npm", "pack", "--silent", f"wavesurfer.js@{VERSION}"],
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        archive = Path(folder) / packed.stdout.strip().splitlines()[-1]
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != SHA256:
            print(f"{archive.name} has SHA-256 {found}, not {SHA256}", file=sys.stderr)
            return 1
        TARGET.mkdir(exist_ok=True)
        with tarfile.open(archive) as tar:
            for member, name in MEMBERS.items():
                content = tar.extractfile(member)
                if content is None:
                    print(f"{archive.name} holds no file {member}", file=sys.stderr)
                    return 1
                (TARGET / name).write_bytes(content.read())
                print(f"{TARGET / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
