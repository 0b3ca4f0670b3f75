// The width of a text and its number of characters, as in Python's check.

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });
// Characters without a script of their own: combining marks and invisible format characters.
const NO_WIDTH = /^(?![\u00ad\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2])[\p{M}\p{Cf}\p{Cc}\p{Zl}\p{Zp}]/u;
// What takes a column inside a cluster: letters that a virama joins, vowel signs beside them.
const SPACING = /[^\p{Mn}\p{Me}\p{Cf}]/gu;
// East Asian wide and fullwidth (Unicode Standard Annex 11), and emoji.
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18d08}\u{1aff0}-\u{1b2fb}\u{1d300}-\u{1d376}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}\p{Emoji_Presentation}\ufe0f]/u;
const PLAIN = /^[\x00-\x7f]*$/;

function graphemes(text) {
  return Array.from(GRAPHEMES.segment(text), (part) => part.segment);
}

// Columns that a text takes on a screen.
export function columns(text) {
  if (PLAIN.test(text)) return text.length;
  let sum = 0;
  for (const grapheme of graphemes(text)) {
    if (NO_WIDTH.test(grapheme)) continue;
    sum += WIDE.test(grapheme) ? 2 : Math.min(2, grapheme.match(SPACING)?.length ?? 1);
  }
  return sum;
}

// Characters that a reader reads, spaces counted.
export function characters(text) {
  if (PLAIN.test(text)) return text.length;
  return graphemes(text).filter((grapheme) => !NO_WIDTH.test(grapheme)).length;
}

// Control characters, halves of pairs, byte order marks and direction overrides show nothing.
const UNWANTED = /[\u0000-\u001f\u007f-\u009f\p{Cs}\ufdd0-\ufdef\ufeff\ufffe\uffff\u202d\u202e]/gu;

// Marks that turn the direction of what follows, and the mark that ends each.
const ENDS = new Map([
  ["\u202a", "\u202c"], ["\u202b", "\u202c"],
  ["\u2066", "\u2069"], ["\u2067", "\u2069"], ["\u2068", "\u2069"],
]);

// The text with every direction it opens closed, and none closed that it did not open.
function closed(text) {
  const open = [];
  let kept = "";
  for (const character of text) {
    if (ENDS.has(character)) open.push(ENDS.get(character));
    else if (character === "\u202c" || character === "\u2069") {
      if (open.at(-1) !== character) continue;
      open.pop();
    }
    kept += character;
  }
  return kept + open.reverse().join("");
}

// White space of every kind; a byte order mark, which JavaScript counts among it, is none.
const WHITE = /(?:(?!\ufeff)[\s\u0085\u001c-\u001f])+/g;

// One line of text as it is saved, the same as the package's writers show it: white space single,
// nothing invisible that acts.
export function plain(text) {
  const shown = text.replace(WHITE, " ").replace(UNWANTED, "");
  return closed(shown.split(" ").filter(Boolean).join(" "));
}

// The lines of a typed or pasted text, without those that show nothing.
export function typedLines(text) {
  return text.split(/\r\n|[\n\r\u2028\u2029]/).map(plain).filter(Boolean);
}

const RIGHT_TO_LEFT = /^[^\p{L}]*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

// "rtl" for a text whose first letter belongs to a script written right to left.
export function direction(text) {
  return RIGHT_TO_LEFT.test(text) ? "rtl" : "ltr";
}

const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language" });

const MARKS = { sdh: "SDH", forced: "forced" };

// A track's English name, "German", "German + English", "English (SDH)"; unchanged if
// unknown.
export function languageName(track) {
  const [, tags, mark] = /^([^]*?)(?:\.(sdh|forced))?$/.exec(track);
  try {
    const names = tags.split("+").map((tag) => LANGUAGES.of(tag)).join(" + ");
    return mark ? `${names} (${MARKS[mark]})` : names;
  } catch {
    return track;
  }
}

// "1 cue", "2 cues".
export function count(n, noun) {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}
