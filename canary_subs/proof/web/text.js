// How wide a text looks and how many characters it has; the same counts as in Python's check.

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });
// No script, only signs on what stands before them: marks, and invisible format characters.
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}\p{Zl}\p{Zp}]/u;
// East Asian wide and fullwidth (Unicode Standard Annex 11), and emoji.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18d08}\u{1aff0}-\u{1b2fb}\u{20000}-\u{3fffd}\p{Emoji_Presentation}\ufe0f]/u;
const PLAIN = /^[\x20-\x7e]*$/;

function graphemes(text) {
  return Array.from(GRAPHEMES.segment(text), (part) => part.segment);
}

// Columns that a text takes on a screen.
export function columns(text) {
  if (PLAIN.test(text)) return text.length;
  let sum = 0;
  for (const grapheme of graphemes(text)) {
    if (!NO_WIDTH.test(grapheme)) sum += WIDE.test(grapheme) ? 2 : 1;
  }
  return sum;
}

// Characters that a reader reads, spaces counted.
export function characters(text) {
  if (PLAIN.test(text)) return text.length;
  return graphemes(text).filter((grapheme) => !NO_WIDTH.test(grapheme)).length;
}

// Control characters, halves of pairs, byte order marks and direction overrides show nothing.
// eslint-disable-next-line no-control-regex
const UNWANTED = /[\u0000-\u001f\u007f-\u009f\p{Cs}\ufdd0-\ufdef\ufeff\ufffe\uffff\u202d\u202e]/gu;

// One line of text, as it is saved: white space single, nothing invisible that acts.
export function plain(text) {
  return text.replace(/[\s\u0085]+/g, " ").replace(UNWANTED, "").trim();
}

// The lines of a text that somebody typed or pasted.
export function typedLines(text) {
  return text.split(/\r\n|[\n\r\u2028\u2029]/).map(plain);
}

const RIGHT_TO_LEFT = /^[^\p{L}]*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

// "rtl" for a text whose first letter belongs to a script that runs that way.
export function direction(text) {
  return RIGHT_TO_LEFT.test(text) ? "rtl" : "ltr";
}

// A language's English name, or its tag where nobody knows one.
export function languageName(tag) {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(tag);
  } catch {
    return tag;
  }
}

// "1 cue", "2 cues".
export function count(n, noun) {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}
