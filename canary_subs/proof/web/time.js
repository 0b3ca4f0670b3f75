// Times are integer milliseconds on the video's timeline; frame rates are [numerator, denominator], or null
// if unknown.

// "01:02:03.004"; SubRip wants a comma before the milliseconds.
export function clock(ms, decimal = ".") {
  const two = (n) => String(n).padStart(2, "0");
  const seconds = Math.floor(ms / 1000);
  const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((n) => two(Math.floor(n)));
  return `${parts.join(":")}${decimal}${String(ms % 1000).padStart(3, "0")}`;
}

// A time as lists show it: "2:03.0", "1:02:03.0".
export function shortClock(ms) {
  return clock(ms).replace(/^(00:0?|0)/, "").slice(0, -2);
}

const CLOCK = /^\s*(?:(?:(\d{1,4}):)?(\d{1,2}):)?(\d{1,5})(?:[.,](\d{1,3}))?\s*$/;

// A typed time in milliseconds: "1:02:03.004", "2:03,5", "3"; null if it is not a time.
export function parseClock(text) {
  const found = CLOCK.exec(text);
  if (!found) return null;
  const [hours, minutes, seconds] = found.slice(1, 4).map((digits) => Number(digits ?? 0));
  if (found[2] !== undefined && seconds > 59) return null;
  if (found[1] !== undefined && minutes > 59) return null;
  const millis = Number((found[4] ?? "").padEnd(3, "0"));
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis;
}

const USUAL_RATE = [25, 1];

// The duration of frames in milliseconds, rounded up; 25 per second if the rate is unknown.
export function framesMs(frames, frameRate) {
  const [numerator, denominator] = frameRate ?? USUAL_RATE;
  return Math.ceil((frames * 1000 * denominator) / numerator);
}

// The same as reading rules count frames: rates below 12 and above 120 count as these.
export function ruleFramesMs(frames, frameRate) {
  const [numerator, denominator] = frameRate ?? USUAL_RATE;
  if (numerator < 12 * denominator) return framesMs(frames, [12, 1]);
  if (numerator > 120 * denominator) return framesMs(frames, [120, 1]);
  return framesMs(frames, frameRate);
}
