// The video's tracks and the changes to them. Cues are never changed, only replaced, so that a
// step back is the list that stood before.
import { check, isLive } from "./check.js";

const MOST_STEPS = 1000;

let lastId = 0;

const byTime = (a, b) => a.start_ms - b.start_ms || a.id - b.id;

export class Track {
  #past = [];
  #future = [];
  #gesture = null;
  #given;
  #original;
  #saved;

  constructor({ language, profile, cues, findings }, media) {
    this.language = language;
    this.profile = profile;
    this.media = media;
    const owned = cues.map((cue) => ({ ...cue, id: ++lastId }));
    this.#original = new Map(owned.map((cue) => [cue.id, cue]));
    this.#given = findings
      .filter((finding) => !isLive(finding.rule))
      .map((finding) => ({ ...finding, id: owned[finding.cue]?.id ?? null }));
    this.#show([...owned].sort(byTime));
    this.#saved = this.cues;
  }

  // `cues` in the order of time, `findings` likewise, `found` by the id of the cue.
  #show(cues) {
    this.cues = cues;
    this.index = new Map(cues.map((cue, at) => [cue.id, at]));
    // The longest duration: how far back to search for the cues on the screen.
    this.longest = cues.reduce((most, cue) => Math.max(most, cue.end_ms - cue.start_ms), 0);
    const kept = this.#given
      .filter((finding) => finding.id === null || this.index.has(finding.id))
      .map((finding) => ({ ...finding, stale: finding.id !== null && this.isChanged(finding.id) }));
    this.findings = [...check(cues, this.profile, this.media), ...kept].sort(
      (a, b) => a.start_ms - b.start_ms,
    );
    this.found = Map.groupBy(this.findings, (finding) => finding.id);
  }

  get(id) {
    return this.cues[this.index.get(id)] ?? null;
  }

  // The cue `steps` further on; stops at either end.
  neighbour(id, steps) {
    const at = this.index.get(id);
    if (at === undefined) return null;
    return this.cues[Math.min(this.cues.length - 1, Math.max(0, at + steps))];
  }

  // How many cues begin at or before `ms`.
  #begun(ms) {
    let low = 0;
    let high = this.cues.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.cues[middle].start_ms <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The cues on the screen at any time of [from_ms, to_ms].
  between(from_ms, to_ms) {
    const first = this.#begun(from_ms - this.longest - 1);
    const last = this.#begun(to_ms);
    return this.cues.slice(first, last).filter((cue) => cue.end_ms > from_ms);
  }

  at(ms) {
    return this.between(ms, ms);
  }

  // The last cue that begins at or before `ms`, or the first of all.
  before(ms) {
    return this.cues[Math.max(0, this.#begun(ms) - 1)] ?? null;
  }

  isChanged(id) {
    return this.get(id) !== this.#original.get(id);
  }

  get isUnsaved() {
    return this.cues !== this.#saved;
  }

  markSaved() {
    this.#saved = this.cues;
  }

  // Changes of one gesture (typing in one field, one drag) are undone together.
  #step(cues, gesture) {
    if (gesture === null || gesture !== this.#gesture) {
      this.#past.push(this.cues);
      if (this.#past.length > MOST_STEPS) this.#past.shift();
    }
    this.#gesture = gesture;
    this.#future = [];
    this.#show(cues);
  }

  endGesture() {
    this.#gesture = null;
  }

  replace(id, changes, gesture = null) {
    const cues = this.cues.map((cue) => (cue.id === id ? { ...cue, ...changes } : cue));
    this.#step(cues.sort(byTime), gesture);
  }

  remove(id) {
    const next = this.neighbour(id, 1);
    const stays = next.id === id ? this.neighbour(id, -1) : next;
    this.#step(this.cues.filter((cue) => cue.id !== id), null);
    return stays.id === id ? null : stays;
  }

  insert(start_ms, end_ms) {
    const cue = { id: ++lastId, start_ms, end_ms, lines: [], speaker: null, words: [] };
    this.#step([...this.cues, cue].sort(byTime), null);
    return cue;
  }

  // Split a cue in two; the second begins the minimum gap after `at_ms`, where the first ends.
  split(id, at_ms, gap_ms, firstLines, secondLines) {
    const cue = this.get(id);
    const first = { ...cue, end_ms: at_ms, lines: firstLines };
    const second = { ...cue, id: ++lastId, start_ms: at_ms + gap_ms, lines: secondLines };
    const isFirst = (word) => word[1] < at_ms;
    first.words = cue.words.filter(isFirst);
    second.words = cue.words.filter((word) => !isFirst(word));
    const cues = this.cues.flatMap((one) => (one.id === id ? [first, second] : [one]));
    this.#step(cues.sort(byTime), null);
    return second;
  }

  // Merge this cue with the next.
  merge(id) {
    const cue = this.get(id);
    const next = this.neighbour(id, 1);
    const merged = {
      ...cue,
      end_ms: Math.max(cue.end_ms, next.end_ms),
      lines: [...cue.lines, ...next.lines],
      words: [...cue.words, ...next.words],
    };
    const cues = this.cues.filter((one) => one.id !== next.id);
    this.#step(cues.map((one) => (one.id === id ? merged : one)), null);
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  undo() {
    if (this.canUndo) this.#travel(this.#past, this.#future);
  }

  redo() {
    if (this.canRedo) this.#travel(this.#future, this.#past);
  }

  #travel(from, to) {
    to.push(this.cues);
    this.#gesture = null;
    this.#show(from.pop());
  }
}
