"""`make hostile`: damaged and hostile files; each ends with one line, and nothing else happens.

Videos of every container are damaged (bits flipped, cut, heads swapped) and join a set of files
made to do harm: playlists that point elsewhere, odd names, lies about length, thousands of tracks.
The daemon works through them all with the real decoder. Every job must end as done, skipped or
failed with a reason of one line; the worker process must not die; no connection may be opened to
the port that the playlists name; nothing may appear but subtitles beside their videos.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from canary_subs._text import printable
from canary_subs.jobs.store import Store
from canary_subs.model import JobState
from tests.crash import stage

CONTAINERS = (".mkv", ".mp4", ".mov", ".avi", ".webm", ".ts", ".wav")
SECRET = b"the secret that no subtitle may hold"


@dataclass
class Report:
    files: int = 0
    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    connections: int = 0
    took_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        return [
            f"{self.files} files: {states}",
            f"{self.connections} connections, the slowest file {self.slowest_s:.1f} s, "
            f"all {self.took_s:.0f} s",
            *(f"{count} x {reason}" for reason, count in self.reasons.most_common(12)),
            *(f"FAULT: {fault}" for fault in self.faults),
        ]


def damaged(videos: dict[str, bytes], count: int, chance: random.Random) -> dict[str, bytes]:
    """Videos that something happened to, by name."""
    found = {}
    for number in range(count):
        kind = CONTAINERS[number % len(CONTAINERS)]
        data = bytearray(videos[kind])
        match number // len(CONTAINERS) % 5:
            case 0:  # bits anywhere
                for _ in range(chance.randrange(1, 200)):
                    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            case 1:  # bits in the head
                for _ in range(chance.randrange(1, 30)):
                    data[chance.randrange(min(len(data), 1000))] = chance.randrange(256)
            case 2:  # cut
                del data[chance.randrange(1, len(data)) :]
            case 3:  # a hole
                start = chance.randrange(len(data))
                del data[start : start + chance.randrange(1, len(data))]
            case _:  # the head of another
                other = videos[chance.choice(CONTAINERS)]
                length = chance.randrange(8, 600)
                data[:length] = other[:length]
        found[f"damaged {number}{kind}"] = bytes(data) or b"\0"
    return found


def hostile(videos: dict[str, bytes], port: int, secret: Path) -> dict[bytes, bytes]:
    """Files made to do harm, by name."""
    url, local = f"http://127.0.0.1:{port}/x.ts", str(secret)
    good = videos[".wav"]
    texts = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{url}\n#EXT-X-ENDLIST\n",
        "hls-file": f"#EXTM3U\n#EXTINF:9,\nfile://{local}\n#EXT-X-ENDLIST\n",
        "hls-key": f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:9,\n{local}\n',
        "hls-concat": f"#EXTM3U\n#EXTINF:9,\nconcat:{url}|file://{local}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{local}'\nfile '{url}'\n",
        "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period>'
        f"<AdaptationSet><Representation><BaseURL>{url}</BaseURL></Representation>"
        f"</AdaptationSet></Period></MPD>",
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio {port} RTP/AVP 0\n",
        "data": "#EXTM3U\n#EXTINF:9,\ndata:text/plain;base64,AAAA\n",
        "smil": f'<smil><body><video src="{url}"/></body></smil>',
        "asx": f'<asx version="3.0"><entry><ref href="{url}"/></entry></asx>',
        "svg": f'<svg xmlns:xlink="x"><image xlink:href="file://{local}"/></svg>',
        "script": "#!/bin/sh\ntouch /tmp/owned\n",
        "subtitle": f"1\n00:00:00,000 --> 00:00:09,000\n{url}\n",
    }
    found = {
        f"{name}{ending}".encode(): text.encode() + b"\n" * 100
        for name, text in texts.items()
        for ending in (".mkv", ".mp4", ".ts")
    }
    names = [
        b"-i.wav", b"--help.wav", b"-y -f null.wav", b"new\nline.wav", b"tab\there.wav",
        b"quote'.wav", b'quote".wav', b"back\\slash.wav", b"per%cent%s%n.wav", b"$(touch x).wav",
        b"`touch x`.wav", b"; touch x;.wav", b"pipe:1.wav", b"concat:a|b.wav", b"http:x.wav",
        b"file:x.wav", b"x..%2f..%2fx.wav", b"a..wav.wav", b"\xff\xfe\x80.wav", b"\xe2\x80\xae.wav",
        b"\x1b[31mred.wav", b"[a-z]*?.wav", b"%03d.wav", b"a" * 240 + b".wav", b" lead.wav",
        "ü\u0308 日本.wav".encode(),
    ]  # fmt: skip
    for number, name in enumerate(names):
        found[name] = good[:-4] + struct.pack(">I", number)
    # Lies about length: a WAV of 4 GiB, a WAV that never ends, an MP4 that lasts for years.
    found[b"long.wav"] = (
        good[:4] + b"\xff\xff\xff\xff" + good[8:40] + b"\xff\xff\xff\xff" + good[44:]
    )
    found[b"nothing.wav"] = good[:44] + b"\0" * 60
    years = bytearray(videos[".mp4"])
    for box in (b"mvhd", b"mdhd", b"tkhd"):
        place = years.find(box)
        while place >= 0:
            years[place + 16 : place + 28] = b"\x7f" * 12
            place = years.find(box, place + 4)
    found[b"years.mp4"] = bytes(years)
    found[b"nested.mp4"] = b"".join(
        struct.pack(">I4s", max(8, 80_000 - 8 * n), b"moov") for n in range(10_000)
    )
    found[b"zeros.ts"] = b"\0" * 1_000_000
    found[b"noise.mkv"] = random.Random(1).randbytes(300_000)
    return found


def many_tracks(path: Path, count: int) -> None:
    """A video with very many sound tracks."""
    import av

    with av.open(str(path), "w") as container:
        streams = [
            container.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(count)
        ]
        for stream in streams:
            frame = av.AudioFrame(format="s16", layout="mono", samples=800)
            frame.sample_rate, frame.pts = 8000, 0
            container.mux(stream.encode(frame))


def trial(folder: Path, count: int, seed: int, *, limit_s: float) -> Report:
    """Work through them all and check what became of each."""
    report, chance = Report(), random.Random(seed)
    root, state = folder / "videos", folder / "state"
    for place in (root, state, folder / "own"):
        place.mkdir()
    secret = folder / "secret.txt"
    secret.write_bytes(SECRET * 100)
    videos = {
        kind: stage.video(folder / "own" / f"f{kind}", 2, 1, picture=kind not in (".wav", ".webm"))
        .read_bytes()
        for kind in CONTAINERS
    }  # fmt: skip
    trap = socket.create_server(("127.0.0.1", 0))
    listener = threading.Thread(target=_count_connections, args=(trap, report), daemon=True)
    listener.start()
    contents: dict[bytes, bytes] = hostile(videos, trap.getsockname()[1], secret)
    contents |= {name.encode(): data for name, data in damaged(videos, count, chance).items()}
    for name, data in contents.items():
        (root / os.fsdecode(name)).write_bytes(data)
    many_tracks(root / "tracks.mkv", 120)
    with (root / "sparse.ts").open("wb") as file:
        file.write(b"G" + b"\0" * 187)
        file.truncate(50 << 30)
    os.mkfifo(root / "pipe.mkv")
    report.files = len(contents) + 2
    before = {path.name for path in root.iterdir()}
    tables = stage.flags(
        state, watch={"patience_s": 1.0}, queue={"attempts": 1, "stall_s": limit_s}
    )
    begun = time.monotonic()
    daemon = stage.daemon([root], tables, folder / "own", drain=True)
    try:
        status = daemon.wait(timeout=limit_s * 20 + report.files * 5)
        if status != 0:
            report.faults.append(f"the daemon ended with status {status}")
    except subprocess.TimeoutExpired:
        report.faults.append("the daemon did not come to an end")
        daemon.terminate()
        daemon.wait()
    report.took_s = time.monotonic() - begun
    trap.close()
    _check_jobs(report, Store(state / "jobs.sqlite"), limit_s)
    _check_folders(report, root, folder, before, contents)
    return report


def _check_jobs(report: Report, store: Store, limit_s: float) -> None:
    records = store.views.records()
    if len(records) != report.files:
        report.faults.append(f"{report.files} files, but {len(records)} jobs")
    for record in records:
        job = record.job
        report.states[job.state] += 1
        if job.state not in (JobState.DONE, JobState.SKIPPED, JobState.FAILED):
            report.faults.append(f"{job.path.name!r} is {job.state}: {job.reason}")
        if job.state is not JobState.DONE:
            if not job.reason or "\n" in job.reason:
                report.faults.append(f"{job.path.name!r} has no reason of one line: {job.reason!r}")
            else:
                report.reasons[f"{job.state}: {job.reason.replace(printable(job.path), 'it')}"] += 1
            if job.state is JobState.FAILED and printable(job.path.name) not in (job.reason or ""):
                report.faults.append(f"{job.path.name!r} is not named by its reason: {job.reason}")
        if "set aside" in (job.reason or ""):
            report.faults.append(f"{job.path.name!r} brought its process down: {job.reason}")
        if record.started_at and record.finished_at:
            spent_s = (record.finished_at - record.started_at).total_seconds()
            report.slowest_s = max(report.slowest_s, spent_s)
            if spent_s > limit_s:
                report.faults.append(f"{job.path.name!r} took {spent_s:.0f} s")
    store.close()


def _check_folders(
    report: Report, root: Path, folder: Path, before: set[str], contents: dict[bytes, bytes]
) -> None:
    for path in root.iterdir():
        if path.name not in before:
            made = path.suffix in (".srt", ".json") and path.is_file()
            if not made or not any(path.name.startswith(Path(b).stem + ".") for b in before):
                report.faults.append(f"{path.name!r} appeared")
            elif SECRET in path.read_bytes():
                report.faults.append(f"{path.name!r} holds the secret")
    for name, data in contents.items():
        if (root / os.fsdecode(name)).read_bytes() != data:
            report.faults.append(f"{name!r} was changed")
    strange = {p.name for p in folder.iterdir()} - {"videos", "state", "own", "secret.txt"}
    if strange:
        report.faults.append(f"{sorted(strange)} appeared outside")
    if report.connections:
        report.faults.append(f"{report.connections} connections were opened")


def _count_connections(trap: socket.socket, report: Report) -> None:
    while True:
        try:
            connection, _ = trap.accept()
        except OSError:
            return
        report.connections += 1
        connection.close()


def main() -> int:
    """Print counts; 1 where one falls short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--damaged", type=int, default=560)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for one file")
    args = parser.parse_args()
    print(f"seed {args.seed}")
    with tempfile.TemporaryDirectory(prefix="canary-subs-hostile-") as folder:
        report = trial(Path(folder), args.damaged, args.seed, limit_s=args.limit)
    print("\n".join(report.lines()))
    print(json.dumps({"files": report.files, "faults": len(report.faults)}))
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
