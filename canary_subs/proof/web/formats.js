// What is saved. Texts are hostile: nothing in them may act in the player that reads the file.
import { plain } from "./text.js";
import { clock } from "./time.js";

// SubRip has no escapes: an invisible word joiner inside what a player would take for a tag, a
// character's name or a line of times makes it text. Players that hand it to a SubStation renderer obey braces and
// backslashes as well.
const ACTIVE = /\\|<(?=[/!?A-Za-z])|&(?=#?[\p{L}\p{N}_]+;)|--(?=>)/gu;

function toSrtText(line) {
  return line.replaceAll("{", "\uff5b").replaceAll("}", "\uff5d").replace(ACTIVE, "$&\u2060");
}

// The cues that show something, with the lines that they show.
function* shown(cues) {
  for (const cue of cues) {
    const lines = cue.lines.map(plain).filter(Boolean);
    if (lines.length) yield { cue, lines };
  }
}

export function toSrt(cues) {
  const blocks = Array.from(shown(cues), ({ cue, lines }, at) => {
    const text = lines.map(toSrtText).join("\n");
    return `${at + 1}\n${clock(cue.start_ms, ",")} --> ${clock(cue.end_ms, ",")}\n${text}\n\n`;
  });
  return blocks.join("").replaceAll("\n", "\r\n");
}

export function toVtt(cues) {
  const escape = (text) =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const blocks = Array.from(shown(cues), ({ cue, lines }) => {
    const voice = cue.speaker ? `<v ${escape(plain(cue.speaker))}>` : "";
    const text = voice + lines.map(escape).join("\n");
    return `\n${clock(cue.start_ms)} --> ${clock(cue.end_ms)}\n${text}\n`;
  });
  return `WEBVTT\n${blocks.join("")}`;
}
