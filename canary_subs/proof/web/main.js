// The page: what is selected, and who is notified of changes.
import { Editor } from "./editor.js";
import { toSrt, toVtt } from "./formats.js";
import { listenToKeys } from "./keys.js";
import { CueList, FindingList, Overlay } from "./panels.js";
import { Player } from "./player.js";
import { Track } from "./store.js";
import { count, languageName } from "./text.js";
import { clock, framesMs, ruleFramesMs } from "./time.js";
import { Timeline } from "./timeline.js";

const byId = (id) => document.getElementById(id);

const FORMATS = {
  srt: { write: toSrt, type: "application/x-subrip" },
  vtt: { write: toVtt, type: "text/vtt" },
};
// The length of a new cue, if there is enough time.
const NEW_CUE_MS = 2000;
const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];

// The length of the timeline: cues may be after the end of the video.
function lengthMs(media) {
  const ends = media.tracks.flatMap((track) => track.cues.map((cue) => cue.end_ms));
  return ends.reduce((most, ms) => Math.max(most, ms), Math.max(1000, media.duration_ms, media.peaks?.duration_ms ?? 0));
}

class Proof {
  selected = null;

  constructor(media, nonce) {
    this.media = media;
    this.tracks = media.tracks.map((track) => new Track(track, media));
    this.track = this.tracks[0];
    this.player = new Player(byId("video"), lengthMs(media));
    this.editor = new Editor(this);
    this.cues = new CueList(this);
    this.findings = new FindingList(this);
    this.overlay = new Overlay(this);
    this.timeline = new Timeline(this, media, this.player.duration_ms, nonce);
    this.player.onTime = (ms) => this.#moved(ms);
    this.player.onState = () => this.#showPlayer();
    if (media.video) this.player.open(media.video);
    this.#listen();
    listenToKeys(this, byId("keys"));
    this.changed();
    this.select(this.track.cues[0]?.id ?? null);
    this.#showPlayer();
  }

  get cue() {
    return this.track.get(this.selected);
  }

  // Announce a message, also to screen readers.
  say(text) {
    const live = byId("live");
    live.textContent = "";
    requestAnimationFrame(() => (live.textContent = text));
    byId("said").textContent = text;
  }

  // ---- position

  seek(ms) {
    this.player.seek(ms);
    const cue = this.track.at(this.player.time).at(-1);
    if (cue) this.select(cue.id);
  }

  skip(ms) {
    this.seek(this.player.time + ms);
  }

  stepFrames(frames) {
    this.skip(frames * framesMs(1, this.media.frame_rate));
  }

  jump(cue) {
    this.player.seek(cue.start_ms);
    this.select(cue.id);
    this.timeline.reveal(cue.start_ms, cue.end_ms);
  }

  stepCues(steps) {
    const from = this.cue ?? this.track.before(this.player.time);
    const cue = from && this.track.neighbour(from.id, steps);
    if (!cue) return;
    this.jump(cue);
    this.say(`Cue ${this.track.index.get(cue.id) + 1}: ${cue.lines.join(" ")}`);
  }

  select(id) {
    if (this.selected !== id) this.track.endGesture();
    this.selected = id;
    this.cues.select();
    this.editor.show();
    this.timeline.draw();
  }

  playPause() {
    if (!this.player.toggle()) this.say("There is no video to play; open it first");
  }

  #moved(ms) {
    byId("clock").textContent = clock(ms);
    this.overlay.draw(ms);
    if (this.player.isPlaying) {
      this.timeline.follow(ms);
      const cue = this.track.at(ms).at(-1);
      const editing = byId("editor").contains(document.activeElement);
      if (cue && cue.id !== this.selected && !editing) this.select(cue.id);
    }
    this.timeline.draw();
  }

  // ---- changes

  // After every change of the track's cues.
  changed() {
    const { track } = this;
    if (this.selected !== null && !track.get(this.selected)) {
      this.selected = track.before(this.player.time)?.id ?? null;
    }
    this.cues.show();
    this.findings.show();
    this.editor.show();
    this.overlay.draw(this.player.time);
    this.timeline.draw();
    byId("undo").disabled = !track.canUndo;
    byId("redo").disabled = !track.canRedo;
    const unsaved = this.tracks.filter((one) => one.isUnsaved).map((one) => one.language);
    byId("unsaved").textContent = unsaved.length ? `Not saved: ${unsaved.join(", ")}` : "";
    byId("verdict").textContent =
      `${count(track.cues.length, "cue")}, ${count(track.findings.length, "finding")}, profile ${track.profile.name}`;
  }

  setTime(edge, ms, gesture) {
    const { cue } = this;
    if (!cue) return;
    const other = edge === "start_ms" ? cue.end_ms : cue.start_ms;
    const low = edge === "start_ms" ? 0 : other + 1;
    const high = edge === "start_ms" ? other - 1 : Infinity;
    const value = Math.min(high, Math.max(low, ms));
    if (value !== ms) this.say(edge === "start_ms" ? "A cue starts before it ends" : "A cue ends after it starts");
    if (value !== cue[edge]) this.track.replace(cue.id, { [edge]: value }, gesture && `${gesture} ${cue.id}`);
    this.changed();
  }

  nudge(edge, frames) {
    const { cue } = this;
    if (cue) this.setTime(edge, cue[edge] + frames * framesMs(1, this.media.frame_rate), `nudge ${edge}`);
  }

  timeFromPlayhead(edge) {
    if (!this.cue) return;
    this.setTime(edge, this.player.time, null);
    this.say(`${edge === "start_ms" ? "Starts" : "Ends"} at ${clock(this.cue[edge])}`);
  }

  merge() {
    const { cue, track } = this;
    if (!cue || track.neighbour(cue.id, 1).id === cue.id) {
      this.say("There is no cue after this one");
      return;
    }
    track.merge(cue.id);
    this.changed();
    this.say("Merged with the next cue");
  }

  insert() {
    const now = this.player.time;
    const { track } = this;
    const here = track.at(now).at(-1);
    const gap = ruleFramesMs(track.profile.min_gap_frames, this.media.frame_rate);
    const start = here ? here.end_ms + gap : now;
    const next = track.cues.find((cue) => cue.start_ms > start);
    const end = Math.min(start + NEW_CUE_MS, next ? next.start_ms - gap : Infinity);
    if (end <= start) {
      this.say("There is not enough time for a cue here");
      return;
    }
    this.selected = track.insert(start, end).id;
    this.changed();
    this.player.seek(start);
    this.editor.focusText();
    this.say(`New cue at ${clock(start)}`);
  }

  remove() {
    const { cue } = this;
    if (!cue) return;
    this.selected = this.track.remove(cue.id)?.id ?? null;
    this.changed();
    this.say("Cue deleted; undo brings it back");
  }

  undo() {
    this.track.undo();
    this.changed();
    this.say("Undone");
  }

  redo() {
    this.track.redo();
    this.changed();
    this.say("Done again");
  }

  save(format) {
    const { write, type } = FORMATS[format];
    const name = `${this.media.stem}.${this.track.language}.${format}`;
    const address = URL.createObjectURL(new Blob([write(this.track.cues)], { type }));
    const anchor = document.createElement("a");
    anchor.href = address;
    anchor.download = name;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    this.track.markSaved();
    this.changed();
    this.say(`Saved ${name}`);
  }

  // ---- the parts of the page

  choose(track) {
    const wasShown = this.overlay.shown.has(this.track);
    this.track.endGesture();
    // The video shows the track being edited; tracks shown next to it stay.
    if (wasShown) this.overlay.shown.delete(this.track);
    this.overlay.shown.add(track);
    this.track = track;
    this.selected = track.before(this.player.time)?.id ?? null;
    this.changed();
    this.cues.list.reveal(track.index.get(this.selected) ?? -1);
    this.overlay.refresh();
  }

  focusSearch() {
    this.#openTab("cues");
    byId("search").focus();
    byId("search").select();
  }

  #openTab(name) {
    for (const one of ["cues", "findings"]) {
      const tab = byId(`tab-${one}`);
      tab.setAttribute("aria-selected", one === name);
      tab.tabIndex = one === name ? 0 : -1;
      byId(`panel-${one}`).hidden = one !== name;
    }
  }

  #showPlayer() {
    const { player, media } = this;
    const { video } = player;
    byId("no-video").hidden = player.isPlayable || !player.hasFailed;
    byId("why-no-video").textContent = media.video
      ? `This browser cannot play ${media.name} from here.`
      : `The video ${media.name} is not beside this page.`;
    byId("play").setAttribute("aria-label", player.isPlaying ? "Pause" : "Play");
    byId("play").classList.toggle("playing", player.isPlaying);
    byId("mute").setAttribute("aria-pressed", video.muted);
    byId("rate").value = String(video.playbackRate);
    byId("clock").textContent = clock(player.time);
  }

  #openVideo(files) {
    if (files?.length) {
      this.player.open(files[0]);
      this.say(`Opened ${files[0].name}`);
    }
  }

  #listen() {
    const actions = {
      play: () => this.playPause(),
      back: () => this.stepFrames(-1),
      on: () => this.stepFrames(1),
      mute: () => (byId("video").muted = !byId("video").muted),
      undo: () => this.undo(),
      redo: () => this.redo(),
      "save-srt": () => this.save("srt"),
      "save-vtt": () => this.save("vtt"),
      open: () => byId("file").click(),
      "open-here": () => byId("file").click(),
      help: () => byId("keys").showModal(),
      "start-here": () => this.timeFromPlayhead("start_ms"),
      "end-here": () => this.timeFromPlayhead("end_ms"),
      split: () => this.editor.split(),
      merge: () => this.merge(),
      insert: () => this.insert(),
      remove: () => this.remove(),
      next: () => this.findings.step(1),
      previous: () => this.findings.step(-1),
      "zoom-in": () => this.timeline.zoom(1),
      "zoom-out": () => this.timeline.zoom(-1),
    };
    for (const [id, act] of Object.entries(actions)) byId(id).addEventListener("click", act);
    // The split button must not take the focus from the caret that says where to split.
    byId("split").addEventListener("pointerdown", (event) => event.preventDefault());
    byId("file").addEventListener("change", (event) => this.#openVideo(event.target.files));
    byId("video").addEventListener("click", () => this.playPause());
    byId("rate").append(...RATES.map((rate) => new Option(`${rate}×`, rate, rate === 1, rate === 1)));
    byId("rate").addEventListener("change", (event) => {
      byId("video").playbackRate = Number(event.target.value);
    });
    const choice = byId("track");
    choice.append(...this.tracks.map((track, n) => new Option(languageName(track.language), n)));
    choice.addEventListener("change", () => this.choose(this.tracks[choice.value]));
    for (const name of ["cues", "findings"]) {
      byId(`tab-${name}`).addEventListener("click", () => this.#openTab(name));
    }
    document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      event.preventDefault();
      event.stopPropagation();
      const other = byId("panel-cues").hidden ? "cues" : "findings";
      this.#openTab(other);
      byId(`tab-${other}`).focus();
    });
    byId("place").addEventListener("keydown", (event) => {
      if (event.key !== "Home" && event.key !== "End") return;
      event.preventDefault();
      this.seek(event.key === "Home" ? 0 : this.player.duration_ms);
    });
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#openVideo(event.dataTransfer?.files);
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.tracks.some((track) => track.isUnsaved)) event.preventDefault();
    });
  }
}

const data = byId("media");
new Proof(JSON.parse(data.textContent), data.dataset.nonce);
