// The rules about a cue's text and times, checked again after every change. Each measures like the
// rule of the same name in the package's own check, and reports in the same words.
//
// Findings that need the audio or another track (speech without a cue, wrong language) are from when
// the page was made; they stay listed, and are marked once their cue was changed.
import { characters, columns } from "./text.js";
import { ruleFramesMs } from "./time.js";

// Formats round times; exceeding a limit by no more than this is not reported.
const ROUNDING_MS = 10;
const FLASH_MS = 500;
const BEYOND_END_MS = 500;
// With an unknown frame rate, the minimum gap counts frames of the fastest usual rate.
const FASTEST_RATE = [60, 1];

// The names of the rules. "order" is here because the page keeps cues in order.
const LIVE = {
  empty: "Empty cue",
  backwards: "Ends before it starts",
  order: "Out of order",
  overlap: "Overlap",
  "beyond-end": "After the end of the video",
  lines: "Too many lines",
  "line-width": "Line too wide",
  "reading-speed": "Too fast to read",
  flash: "Flashes by",
  "too-short": "Too short",
  "too-long": "Too long",
  gap: "Gap too small",
};
const GIVEN = {
  unsubtitled: "Speech without a cue",
  "no-speech": "Cue without speech",
  sync: "Out of sync",
  repeated: "Repeated text",
  language: "Wrong language",
  "low-confidence": "Not sure of the words",
  untranslated: "Not translated",
  numbers: "Numbers differ",
};

export const isLive = (rule) => Object.hasOwn(LIVE, rule);

export function ruleName(rule) {
  if (isLive(rule)) return LIVE[rule];
  if (Object.hasOwn(GIVEN, rule)) return GIVEN[rule];
  const words = rule.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// The measures of cues; cues never change, so each is measured once.
const measured = new WeakMap();

export function measure(cue) {
  let result = measured.get(cue);
  if (!result) {
    const text = cue.lines.join(" ");
    const read = characters(text);
    const lasts = cue.end_ms - cue.start_ms;
    result = {
      read,
      lasts,
      cps: lasts > 0 ? (read * 1000) / lasts : Infinity,
      widths: cue.lines.map(columns),
      empty: columns(text.split(/\s+/).join(" ").trim()) === 0,
    };
    measured.set(cue, result);
  }
  return result;
}

const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

// [rule, measured, limit] for each rule that a cue breaks on its own.
function* ofCue(cue, profile, duration_ms) {
  const { read, lasts, cps, widths, empty } = measure(cue);
  if (empty) yield ["empty", "no text", "some"];
  if (lasts <= 0) yield ["backwards", `${lasts} ms long`, "over 0 ms"];
  const late = cue.end_ms - duration_ms;
  if (late > BEYOND_END_MS) yield ["beyond-end", `ends ${seconds(late)} after the video`, seconds(BEYOND_END_MS)];
  if (cue.lines.length > profile.max_lines) {
    yield ["lines", `${cue.lines.length} lines`, `${profile.max_lines} lines`];
  }
  const widest = Math.max(0, ...widths);
  if (widest > profile.max_columns) yield ["line-width", `${widest} columns`, `${profile.max_columns} columns`];
  if (lasts > 0 && read * 1000 > profile.max_cps * (lasts + ROUNDING_MS)) {
    yield ["reading-speed", `${cps.toFixed(1)} cps`, `${profile.max_cps} cps`];
  }
  const flash = Math.min(FLASH_MS, profile.min_duration_ms);
  if (lasts > 0 && lasts < flash - ROUNDING_MS) yield ["flash", seconds(lasts), seconds(flash)];
  if (lasts >= FLASH_MS - ROUNDING_MS && lasts < profile.min_duration_ms - ROUNDING_MS) {
    yield ["too-short", seconds(lasts), seconds(profile.min_duration_ms)];
  }
  if (lasts > profile.max_duration_ms + ROUNDING_MS) {
    yield ["too-long", seconds(lasts), seconds(profile.max_duration_ms)];
  }
}

// All findings, cue by cue in the order of time. `media` is the page's data.
export function check(cues, profile, media) {
  const least = ruleFramesMs(profile.min_gap_frames, media.frame_rate ?? FASTEST_RATE);
  const findings = [];
  let before = null;
  let shownUntil = -Infinity;
  for (const cue of cues) {
    const { start_ms } = cue;
    const end_ms = Math.max(start_ms, cue.end_ms);
    const add = ([rule, measured, limit]) =>
      findings.push({ rule, measured, limit, start_ms, end_ms, id: cue.id, stale: false });
    for (const broken of ofCue(cue, profile, media.duration_ms)) add(broken);
    if (start_ms < shownUntil) {
      add(["overlap", `${seconds(Math.min(shownUntil, end_ms) - start_ms)} together`, "one cue at a time"]);
    }
    const gap = before ? start_ms - Math.max(before.end_ms, before.start_ms) : Infinity;
    if (gap >= 0 && gap < least - ROUNDING_MS) {
      add(["gap", `${gap} ms`, `${profile.min_gap_frames} frames, ${least} ms`]);
    }
    shownUntil = Math.max(shownUntil, cue.end_ms);
    before = cue;
  }
  return findings;
}
