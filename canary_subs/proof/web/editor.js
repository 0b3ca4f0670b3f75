// The selected cue: its times, text, line breaks, findings and recognised words.
import { measure, ruleName } from "./check.js";
import { certainty } from "./paint.js";
import { columns, languageName, typedLines } from "./text.js";
import { clock, parseClock, ruleFramesMs } from "./time.js";

const EDGES = { start_ms: "cue-start", end_ms: "cue-end" };

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export class Editor {
  #shown = null;

  constructor(proof) {
    this.proof = proof;
    const byId = (id) => document.getElementById(id);
    this.form = byId("editor");
    this.heading = byId("cue-number");
    this.text = byId("cue-text");
    this.measures = byId("cue-measures");
    this.widths = byId("cue-widths");
    this.findings = byId("cue-findings");
    this.words = byId("cue-words");
    this.others = byId("cue-others");
    this.controls = this.form.querySelectorAll(".of-cue");
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.text.addEventListener("input", () => this.#typed());
    this.text.addEventListener("blur", () => this.proof.track.endGesture());
    for (const [edge, id] of Object.entries(EDGES)) this.#listenToTime(edge, byId(id));
    this.words.addEventListener("click", (event) => {
      const word = event.target.closest("button");
      if (word) this.proof.seek(Number(word.dataset.ms));
    });
  }

  #listenToTime(edge, field) {
    field.addEventListener("change", () => {
      const ms = parseClock(field.value);
      field.setAttribute("aria-invalid", ms === null);
      if (ms === null) this.proof.say(`${field.value} is not a time; write it as 00:01:02.500`);
      else this.proof.setTime(edge, ms, null);
    });
    field.addEventListener("keydown", (event) => {
      const steps = { ArrowUp: 1, ArrowDown: -1 };
      if (!(event.key in steps)) return;
      event.preventDefault();
      this.proof.nudge(edge, steps[event.key]);
    });
    field.addEventListener("blur", () => this.proof.track.endGesture());
  }

  #typed() {
    const { cue, track } = this.proof;
    if (!cue) return;
    track.replace(cue.id, { lines: typedLines(this.text.value) }, `text ${cue.id}`);
    this.proof.changed();
  }

  focusText() {
    this.text.focus();
    this.text.setSelectionRange(this.text.value.length, this.text.value.length);
  }

  // Where the text is split: at the caret, or at the line break, or at the middle space.
  get cut() {
    const { value } = this.text;
    const at = this.text.selectionStart;
    if (document.activeElement === this.text && at > 0 && at < value.length) return at;
    if (value.includes("\n")) return value.indexOf("\n");
    const spaces = Array.from(value.matchAll(/ /g), (space) => space.index);
    const middle = value.length / 2;
    return spaces.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0] ?? Math.ceil(middle);
  }

  show() {
    const { cue, track } = this.proof;
    for (const control of this.controls) control.disabled = cue === null;
    const place = cue ? track.index.get(cue.id) + 1 : 0;
    this.heading.textContent = cue ? `Cue ${place} of ${track.cues.length}` : "No cue";
    this.text.lang = track.language;
    // The text being typed stays as typed; the cue holds it tidied.
    const typing = document.activeElement === this.text && this.#shown === cue?.id;
    const text = cue ? cue.lines.join("\n") : "";
    if (!typing || typedLines(this.text.value).join("\n") !== text) this.text.value = text;
    this.#shown = cue?.id ?? null;
    for (const [edge, id] of Object.entries(EDGES)) {
      const field = document.getElementById(id);
      field.value = cue ? clock(cue[edge]) : "";
      field.setAttribute("aria-invalid", false);
    }
    this.#showMeasures(cue, track);
    this.#showFindings(cue, track);
    this.#showWords(cue);
    this.#showOthers(cue);
  }

  #showMeasures(cue, track) {
    this.measures.replaceChildren();
    this.widths.replaceChildren();
    if (!cue) return;
    const { lasts, cps } = measure(cue);
    const { profile } = track;
    const speed = Number.isFinite(cps) ? cps.toFixed(1) : "∞";
    const add = (where, text, broken, about) => {
      const item = element("span", broken ? "measure broken" : "measure", text);
      item.title = about;
      where.append(item);
    };
    add(this.measures, `${(lasts / 1000).toFixed(2)} s`,
      lasts < profile.min_duration_ms || lasts > profile.max_duration_ms,
      `at least ${profile.min_duration_ms / 1000} s, at most ${profile.max_duration_ms / 1000} s`);
    add(this.measures, `${speed} cps`, cps > profile.max_cps, `at most ${profile.max_cps} characters a second`);
    for (const line of cue.lines) {
      const width = columns(line);
      add(this.widths, `${width}`, width > profile.max_columns, `at most ${profile.max_columns} columns`);
    }
    const wide = cue.lines.map(columns).join(" and ");
    this.widths.setAttribute("aria-label", `${wide} of ${profile.max_columns} columns`);
  }

  #showFindings(cue, track) {
    const found = (cue && track.found.get(cue.id)) ?? [];
    this.findings.replaceChildren(
      ...found.map((finding) => {
        const item = element("li", finding.stale ? "stale" : "");
        item.append(
          element("strong", "", ruleName(finding.rule)),
          ` ${finding.measured}, limit ${finding.limit}${finding.stale ? " (before your change)" : ""}`,
        );
        return item;
      }),
    );
  }

  #showWords(cue) {
    const words = cue?.words ?? [];
    this.words.replaceChildren(
      ...words.map(([text, start_ms, , confidence]) => {
        const button = element("button", `word ${certainty(confidence) ?? ""}`, text);
        button.type = "button";
        button.dataset.ms = start_ms;
        const sure = confidence === null ? "" : `, ${Math.round(confidence * 100)} % sure`;
        button.title = `${clock(start_ms)}${sure}`;
        button.setAttribute("aria-label", `${text}, at ${clock(start_ms)}${sure}`);
        return button;
      }),
    );
    this.words.parentElement.hidden = words.length === 0;
  }

  #showOthers(cue) {
    const rows = [];
    for (const track of cue ? this.proof.tracks : []) {
      if (track === this.proof.track) continue;
      const texts = track.between(cue.start_ms, cue.end_ms - 1).map((one) => one.lines.join(" "));
      const text = element("dd", "", texts.join(" / ") || "nothing");
      text.dir = "auto";
      text.lang = track.language;
      rows.push(element("dt", "", languageName(track.language)), text);
    }
    this.others.replaceChildren(...rows);
    this.others.parentElement.hidden = rows.length === 0;
  }

  // Split the cue at the caret; the time is divided by the length of the text.
  split() {
    const { cue, track } = this.proof;
    if (!cue) return;
    const { value } = this.text;
    const at = this.cut;
    const gap = ruleFramesMs(track.profile.min_gap_frames, track.media.frame_rate);
    const available = cue.end_ms - cue.start_ms - gap;
    if (value.trim().length < 2 || available < 2) {
      this.proof.say("This cue is too short to split");
      return;
    }
    const now = this.proof.player.time;
    const share = cue.start_ms + Math.round((available * at) / value.length);
    const inside = now > cue.start_ms && now + gap < cue.end_ms;
    const lines = (text) => typedLines(text.trim());
    const second = track.split(cue.id, inside ? now : share, gap, lines(value.slice(0, at)), lines(value.slice(at)));
    this.proof.changed();
    this.proof.say(`Split; the second part is cue ${track.index.get(second.id) + 1}`);
  }
}
