// The list of cues, the list of findings, and the text over the picture.
import { measure, ruleName } from "./check.js";
import { List } from "./list.js";
import { speed } from "./paint.js";
import { count, languageName } from "./text.js";
import { clock, shortClock } from "./time.js";

const CUE_ROW_PX = 50;
const FINDING_ROW_PX = 46;

// A row's parts by class, made once and written again for each item.
function parts(row, names) {
  if (!row.firstChild) {
    for (const name of names) {
      const part = document.createElement("span");
      part.className = name;
      row.append(part);
    }
  }
  return Object.fromEntries(Array.from(row.children, (part) => [part.className.split(" ")[0], part]));
}

export class CueList {
  #query = "";
  #shown = [];

  constructor(proof) {
    this.proof = proof;
    this.list = new List(
      document.getElementById("cues"),
      CUE_ROW_PX,
      (row, cue) => this.#fill(row, cue),
      (cue) => proof.jump(cue),
    );
    this.search = document.getElementById("search");
    this.matches = document.getElementById("matches");
    this.search.addEventListener("input", () => {
      this.#query = this.search.value.trim().toLocaleLowerCase();
      this.show();
      if (this.#query) proof.say(this.matches.textContent);
    });
    this.search.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !this.#shown.length) return;
      event.preventDefault();
      const at = this.#shown.findIndex((cue) => cue.id === proof.selected);
      proof.jump(this.#shown[(at + 1) % this.#shown.length]);
    });
  }

  show() {
    const { track } = this.proof;
    const holds = (cue) => cue.lines.join(" ").toLocaleLowerCase().includes(this.#query);
    this.#shown = this.#query ? track.cues.filter(holds) : track.cues;
    this.matches.textContent = this.#query ? `${this.#shown.length.toLocaleString("en")} found` : "";
    this.list.element.lang = track.language;
    this.list.show(this.#shown, this.#place());
  }

  #place() {
    if (!this.#query) return this.proof.track.index.get(this.proof.selected) ?? -1;
    return this.#shown.findIndex((cue) => cue.id === this.proof.selected);
  }

  select() {
    this.list.select(this.#place());
  }

  #fill(row, cue) {
    const { track } = this.proof;
    const part = parts(row, ["place", "when", "text", "cps", "flag"]);
    const { cps } = measure(cue);
    const found = track.found.get(cue.id)?.length ?? 0;
    part.place.textContent = track.index.get(cue.id) + 1;
    part.when.textContent = `${shortClock(cue.start_ms)}\n${((cue.end_ms - cue.start_ms) / 1000).toFixed(1)} s`;
    // More lines than the row can show are joined, with marks for their breaks.
    part.text.textContent = cue.lines.length > 2 ? cue.lines.join(" ⏎ ") : cue.lines.join("\n");
    part.text.dir = "auto";
    part.cps.textContent = Number.isFinite(cps) ? Math.round(cps) : "∞";
    part.cps.className = `cps ${speed(cue, track.profile)}`;
    part.cps.title = `${Number.isFinite(cps) ? cps.toFixed(1) : "∞"} characters per second`;
    part.flag.textContent = found || "";
    part.flag.setAttribute("aria-label", found ? count(found, "finding") : "");
    row.classList.toggle("changed", track.isChanged(cue.id));
    row.setAttribute(
      "aria-label",
      `${part.place.textContent}, ${clock(cue.start_ms)}, ${cue.lines.join(", ")}, ` +
        `${part.cps.title}${found ? `, ${count(found, "finding")}` : ""}`,
    );
  }
}

const same = (a, b) => a !== null && b !== null && a.rule === b.rule && a.id === b.id && a.start_ms === b.start_ms;

export class FindingList {
  #current = null;
  #shown = [];

  constructor(proof) {
    this.proof = proof;
    this.list = new List(
      document.getElementById("findings"),
      FINDING_ROW_PX,
      (row, finding) => this.#fill(row, finding),
      (finding) => this.go(finding),
    );
    this.rule = document.getElementById("rule");
    this.badge = document.getElementById("findings-count");
    this.none = document.getElementById("no-findings");
    this.rule.addEventListener("change", () => this.show());
  }

  show() {
    const { findings } = this.proof.track;
    const chosen = this.rule.value;
    const rules = Map.groupBy(findings, (finding) => finding.rule);
    const options = [["", `All findings (${findings.length})`]];
    for (const [rule, of] of rules) options.push([rule, `${ruleName(rule)} (${of.length})`]);
    this.rule.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
    this.rule.value = rules.has(chosen) ? chosen : "";
    this.#shown = this.rule.value ? rules.get(this.rule.value) : findings;
    this.badge.textContent = findings.length;
    this.badge.className = findings.length ? "badge found" : "badge";
    this.none.hidden = findings.length > 0;
    this.list.show(this.#shown, this.#place());
  }

  #place() {
    return this.#shown.findIndex((finding) => same(finding, this.#current));
  }

  // The next or previous finding: from the current one, else from the current position.
  step(direction) {
    const shown = this.#shown;
    if (!shown.length) {
      this.proof.say("No findings");
      return;
    }
    const { time } = this.proof.player;
    let at = this.#place();
    // After moving elsewhere, continue from there.
    const stayed = at >= 0 && Math.abs(shown[at].start_ms - time) < 2;
    if (stayed) at += direction;
    else if (direction > 0) at = shown.findIndex((finding) => finding.start_ms >= time);
    else at = shown.findLastIndex((finding) => finding.start_ms < time);
    if (at < 0 || at >= shown.length) {
      this.proof.say(direction > 0 ? "That was the last finding" : "That was the first finding");
      return;
    }
    this.go(shown[at]);
  }

  go(finding) {
    this.#current = finding;
    const cue = finding.id === null ? null : this.proof.track.get(finding.id);
    if (cue) this.proof.jump(cue);
    else this.proof.seek(finding.start_ms);
    this.list.select(this.#place());
    this.proof.say(
      `Finding ${this.#place() + 1} of ${this.#shown.length}: ${ruleName(finding.rule)}, ` +
        `${finding.measured}, limit ${finding.limit}, at ${clock(finding.start_ms)}`,
    );
  }

  #fill(row, finding) {
    const part = parts(row, ["when", "rule", "value"]);
    const at = this.proof.track.index.get(finding.id);
    part.when.textContent = `${shortClock(finding.start_ms)}\n${at === undefined ? "" : `#${at + 1}`}`;
    part.rule.textContent = ruleName(finding.rule);
    part.value.textContent =
      `${finding.measured}, limit ${finding.limit}${finding.stale ? " (before your change)" : ""}`;
    row.classList.toggle("stale", finding.stale);
    row.setAttribute(
      "aria-label",
      `${clock(finding.start_ms)}, ${part.rule.textContent}, ${part.value.textContent}`,
    );
  }
}

// The cues of all tracks that are switched on, over the picture, the chosen track lowest.
export class Overlay {
  #last = "";

  constructor(proof) {
    this.proof = proof;
    this.element = document.getElementById("overlay");
    this.shown = new Set([proof.track]);
    this.switches = document.getElementById("shown");
    this.switches.append(
      ...proof.tracks.map((track) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "chip";
        button.textContent = track.language;
        button.title = `Show ${languageName(track.language)} on the video`;
        button.setAttribute("aria-label", `${track.language}: ${languageName(track.language)} on the video`);
        button.addEventListener("click", () => {
          if (!this.shown.delete(track)) this.shown.add(track);
          this.refresh();
        });
        return button;
      }),
    );
    this.refresh();
  }

  refresh() {
    this.proof.tracks.forEach((track, n) => {
      this.switches.children[n].setAttribute("aria-pressed", this.shown.has(track));
    });
    this.#last = null;
    this.draw(this.proof.player.time);
  }

  draw(ms) {
    const { track, tracks } = this.proof;
    const order = [...tracks.filter((one) => one !== track), track].filter((one) => this.shown.has(one));
    const cues = order.flatMap((one) => one.at(ms).map((cue) => [one.language, cue]));
    const now = cues.map(([, cue]) => `${cue.id} ${cue.lines.join("\n")}`).join("\n\n");
    if (now === this.#last) return;
    this.#last = now;
    this.element.replaceChildren(
      ...cues.map(([language, cue]) => {
        const block = document.createElement("p");
        block.lang = language;
        block.dir = "auto";
        for (const line of cue.lines) {
          const row = document.createElement("span");
          row.textContent = line;
          block.append(row);
        }
        return block;
      }),
    );
  }
}
