// The rules that a cue's text and times can break; run again at every change.
//
// What needs the sound or another track (speech without a cue, wrong language) was found when the
// page was made, stays listed, and is marked once its cue was changed.
import { characters, columns } from "./text.js";
import { framesMs } from "./time.js";

// Each rule as people read it.
export const RULES = {
  "reading-speed": "Too fast to read",
  "too-short": "Too short",
  "too-long": "Too long",
  gap: "Gap too small",
  overlap: "Overlap",
  "line-length": "Line too long",
  "line-count": "Too many lines",
  empty: "Empty cue",
};

export const isLive = (rule) => Object.hasOwn(RULES, rule);

export function ruleName(rule) {
  if (isLive(rule)) return RULES[rule];
  const words = rule.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// What a cue measures; cues never change, so each is measured once.
const measured = new WeakMap();

export function measure(cue) {
  let result = measured.get(cue);
  if (!result) {
    const read = characters(cue.lines.join(" "));
    const lasts = cue.end_ms - cue.start_ms;
    result = {
      lasts,
      cps: lasts > 0 ? (read * 1000) / lasts : read ? Infinity : 0,
      widths: cue.lines.map(columns),
      empty: cue.lines.every((line) => !line.trim()),
    };
    measured.set(cue, result);
  }
  return result;
}

const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

function ofCue(cue, profile) {
  const { lasts, cps, widths, empty } = measure(cue);
  const found = [];
  const add = (rule, value, limit) => found.push({ rule, measured: value, limit });
  if (empty) add("empty", "no text", "some text");
  if (cps > profile.max_cps) {
    add("reading-speed", `${Number.isFinite(cps) ? cps.toFixed(1) : "∞"} cps`, `${profile.max_cps} cps`);
  }
  if (lasts < profile.min_duration_ms) add("too-short", seconds(lasts), seconds(profile.min_duration_ms));
  if (lasts > profile.max_duration_ms) add("too-long", seconds(lasts), seconds(profile.max_duration_ms));
  const widest = Math.max(0, ...widths);
  if (widest > profile.max_columns) add("line-length", `${widest} columns`, `${profile.max_columns} columns`);
  if (cue.lines.length > profile.max_lines) {
    add("line-count", `${cue.lines.length} lines`, `${profile.max_lines} lines`);
  }
  return found;
}

// Everything that breaks a rule, in the order of time.
export function check(cues, profile, frameRate) {
  const least = framesMs(profile.min_gap_frames, frameRate);
  const findings = [];
  let before = null;
  for (const cue of cues) {
    const found = ofCue(cue, profile);
    const gap = before ? cue.start_ms - before.end_ms : Infinity;
    if (gap < 0) found.push({ rule: "overlap", measured: `${-gap} ms`, limit: "0 ms" });
    else if (gap < least) found.push({ rule: "gap", measured: `${gap} ms`, limit: `${least} ms` });
    for (const one of found) {
      findings.push({ ...one, start_ms: cue.start_ms, end_ms: cue.end_ms, id: cue.id, stale: false });
    }
    if (!before || cue.end_ms > before.end_ms) before = cue;
  }
  return findings;
}
