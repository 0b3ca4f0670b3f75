// Drawing of the timeline and the overview on canvases.
import { measure } from "./check.js";
import { direction } from "./text.js";
import { shortClock } from "./time.js";

export const RULER_PX = 22;
export const WAVE_PX = 72;
export const LANE_PX = 54;
export const TIMELINE_PX = RULER_PX + WAVE_PX + LANE_PX;
const BOX_TOP_PX = RULER_PX + WAVE_PX + 4;
const BOX_PX = 34;
const WORDS_TOP_PX = BOX_TOP_PX + BOX_PX + 3;
const WORDS_PX = 7;

const COLOURS = [
  "line", "ink", "soft", "accent", "wave", "shot", "finding", "region",
  "calm", "good", "fast", "over", "sure", "unsure", "doubtful",
];

// The style sheet's colours, as the reader's theme has them now.
export function palette() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

// A cue's speed in relation to the limit; names a colour.
export function speed(cue, profile) {
  const share = measure(cue).cps / profile.max_cps;
  if (share <= 0.75) return "calm";
  if (share <= 1) return "good";
  return share <= 1.25 ? "fast" : "over";
}

// How sure the recogniser was; names a colour, null where it did not say.
export function certainty(confidence) {
  if (confidence === null) return null;
  if (confidence >= 0.8) return "sure";
  return confidence >= 0.5 ? "unsure" : "doubtful";
}

// A canvas as large as it is shown, with one unit a CSS pixel.
export function fitted(canvas) {
  const { clientWidth, clientHeight } = canvas;
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(clientWidth * ratio);
  const height = Math.round(clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, clientWidth, clientHeight);
  return { context, width: clientWidth, height: clientHeight };
}

const TICKS_MS = [100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000,
  300_000, 600_000, 1_800_000, 3_600_000, 7_200_000];
const LABEL_PX = 80;

function drawRuler(context, view, colours) {
  const step = TICKS_MS.find((ms) => ms * view.pxPerMs >= LABEL_PX) ?? 36_000_000;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.direction = "ltr";
  const first = Math.floor(view.from_ms / step) * step;
  for (let ms = first; ms <= view.to_ms; ms += step) {
    const x = Math.round(view.x(ms));
    context.fillStyle = colours.line;
    context.fillRect(x, RULER_PX - 6, 1, 6);
    for (let part = 1; part < 5; part++) {
      context.fillRect(Math.round(view.x(ms + (step * part) / 5)), RULER_PX - 3, 1, 3);
    }
    context.fillStyle = colours.soft;
    context.fillText(step < 1000 ? shortClock(ms) : shortClock(ms).slice(0, -2), x + 4, RULER_PX / 2 - 1);
  }
  context.fillStyle = colours.line;
  context.fillRect(0, RULER_PX - 1, view.width, 1);
  context.fillRect(0, RULER_PX + WAVE_PX, view.width, 1);
}

function drawShots(context, view, colours, shots_ms) {
  context.fillStyle = colours.shot;
  for (const ms of shots_ms) {
    if (ms < view.from_ms || ms > view.to_ms) continue;
    const x = Math.round(view.x(ms));
    for (let y = RULER_PX; y < TIMELINE_PX; y += 6) context.fillRect(x, y, 1, 3);
    context.beginPath();
    context.moveTo(x - 3.5, RULER_PX - 7);
    context.lineTo(x + 4.5, RULER_PX - 7);
    context.lineTo(x + 0.5, RULER_PX - 1);
    context.fill();
  }
}

function drawWords(context, view, colours, cue) {
  for (const [, start_ms, end_ms, confidence] of cue.words) {
    const name = certainty(confidence);
    if (name === null) continue;
    const x = view.x(start_ms);
    context.fillStyle = colours[name];
    // The bar of a doubtful word is taller, and has another colour.
    const height = name === "sure" ? WORDS_PX - 4 : WORDS_PX;
    context.fillRect(x, WORDS_TOP_PX + WORDS_PX - height, Math.max(1, view.x(end_ms) - x - 1), height);
  }
}

function drawText(context, colours, cue, left, right) {
  const available = right - left - 10;
  if (available < 26) return;
  context.save();
  context.beginPath();
  context.rect(left + 4, BOX_TOP_PX, available + 2, BOX_PX);
  context.clip();
  context.font = "11.5px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.fillStyle = colours.ink;
  const flow = direction(cue.lines.join(" "));
  context.direction = flow;
  context.textAlign = flow === "rtl" ? "right" : "left";
  const x = flow === "rtl" ? right - 5 : left + 5;
  const lines = cue.lines.slice(0, 2);
  lines.forEach((line, n) => {
    const y = BOX_TOP_PX + 4 + BOX_PX / 2 + (n - (lines.length - 1) / 2) * 13 - 1;
    context.fillText(line.slice(0, 200), x, y);
  });
  context.restore();
}

function drawCue(context, view, colours, cue, profile, state) {
  const left = Math.round(view.x(cue.start_ms));
  const right = Math.max(left + 2, Math.round(view.x(cue.end_ms)));
  const colour = colours[speed(cue, profile)];
  const chosen = cue.id === state.selected;
  context.globalAlpha = chosen ? 0.42 : 0.22;
  context.fillStyle = colour;
  context.fillRect(left, BOX_TOP_PX, right - left, BOX_PX);
  context.globalAlpha = 1;
  context.fillRect(left, BOX_TOP_PX, right - left, 4);
  context.globalAlpha = 0.6;
  context.fillRect(left, BOX_TOP_PX, 1, BOX_PX);
  context.fillRect(right - 1, BOX_TOP_PX, 1, BOX_PX);
  context.globalAlpha = 1;
  drawText(context, colours, cue, left, right);
  drawWords(context, view, colours, cue);
  if (state.found.has(cue.id) && right - left > 8) {
    context.fillStyle = colours.finding;
    context.beginPath();
    context.arc(right - 6, BOX_TOP_PX + 10, 3, 0, 7);
    context.fill();
  }
  if (chosen) {
    context.strokeStyle = colours.accent;
    context.lineWidth = 2;
    context.strokeRect(left + 1, BOX_TOP_PX + 1, Math.max(0, right - left - 2), BOX_PX - 2);
    context.globalAlpha = 0.16;
    context.fillStyle = colours.accent;
    context.fillRect(left, RULER_PX, right - left, WAVE_PX);
    context.globalAlpha = 1;
  }
}

function drawPlayhead(context, view, colours, ms) {
  const x = Math.round(view.x(ms));
  if (x < -8 || x > view.width + 8) return;
  context.fillStyle = colours.accent;
  context.fillRect(x, RULER_PX - 6, 2, TIMELINE_PX - RULER_PX + 6);
  context.beginPath();
  context.moveTo(x - 5, RULER_PX - 14);
  context.lineTo(x + 7, RULER_PX - 14);
  context.lineTo(x + 1, RULER_PX - 4);
  context.fill();
}

// Everything over the waveform, for the part of the video that `view` shows.
export function drawTimeline(canvas, view, colours, state) {
  const { context } = fitted(canvas);
  drawRuler(context, view, colours);
  drawShots(context, view, colours, state.shots_ms);
  const { track } = state;
  for (const cue of track.between(view.from_ms, view.to_ms)) {
    drawCue(context, view, colours, cue, track.profile, { selected: state.selected, found: track.found });
  }
  for (const finding of track.findings) {
    if (finding.id !== null || finding.end_ms < view.from_ms || finding.start_ms > view.to_ms) continue;
    const x = view.x(finding.start_ms);
    const width = Math.max(2, view.x(finding.end_ms) - x);
    context.fillStyle = colours.finding;
    context.globalAlpha = 0.14;
    context.fillRect(x, RULER_PX, width, TIMELINE_PX - RULER_PX);
    context.globalAlpha = 1;
    context.fillRect(x, TIMELINE_PX - 3, width, 3);
  }
  drawPlayhead(context, view, colours, state.time);
}

// The entire video: its cues by speed, its findings above them.
export function drawOverview(canvas, duration_ms, colours, track) {
  const { context, width, height } = fitted(canvas);
  const scale = width / duration_ms;
  for (const cue of track.cues) {
    context.fillStyle = colours[speed(cue, track.profile)];
    context.globalAlpha = 0.75;
    context.fillRect(cue.start_ms * scale, 9, Math.max(0.6, (cue.end_ms - cue.start_ms) * scale - 0.2), height - 12);
  }
  context.globalAlpha = 1;
  context.fillStyle = colours.finding;
  for (const finding of track.findings) context.fillRect(finding.start_ms * scale, 2, 1.5, 5);
}

// The current position, over the overview.
export function drawPlace(canvas, duration_ms, colours, view, time) {
  const { context, width, height } = fitted(canvas);
  const scale = width / duration_ms;
  const left = view.from_ms * scale;
  const shown = Math.max(3, (view.to_ms - view.from_ms) * scale);
  context.fillStyle = colours.region;
  context.fillRect(left, 0, shown, height);
  context.strokeStyle = colours.soft;
  context.lineWidth = 1;
  context.strokeRect(left + 0.5, 0.5, Math.max(2, shown - 1), height - 1);
  context.fillStyle = colours.accent;
  context.fillRect(time * scale - 1, 0, 2, height);
}
