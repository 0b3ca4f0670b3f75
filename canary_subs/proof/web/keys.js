// One key for each thing that an editor does all day.

// Elements that use keys themselves: fields all of them, buttons and the like a few.
const isField = (element) => element.matches?.("input:not([type=checkbox]), textarea, select");
const OWN_KEYS = new Set([" ", "Enter"]);

export function listenToKeys(proof, dialog) {
  const single = {
    " ": () => proof.playPause(),
    ArrowLeft: () => proof.skip(-1000),
    ArrowRight: () => proof.skip(1000),
    ",": () => proof.stepFrames(-1),
    ".": () => proof.stepFrames(1),
    ArrowUp: () => proof.stepCues(-1),
    ArrowDown: () => proof.stepCues(1),
    n: () => proof.findings.step(1),
    p: () => proof.findings.step(-1),
    e: () => proof.editor.focusText(),
    Enter: () => proof.editor.focusText(),
    "[": () => proof.timeFromPlayhead("start_ms"),
    "]": () => proof.timeFromPlayhead("end_ms"),
    s: () => proof.editor.split(),
    m: () => proof.merge(),
    i: () => proof.insert(),
    Delete: () => proof.remove(),
    "+": () => proof.timeline.zoom(1),
    "=": () => proof.timeline.zoom(1),
    "-": () => proof.timeline.zoom(-1),
    "/": () => proof.focusSearch(),
    "?": () => dialog.showModal(),
  };
  const control = {
    s: () => proof.save("srt"),
    z: () => proof.undo(),
    y: () => proof.redo(),
    Z: () => proof.redo(),
    Enter: () => proof.editor.split(),
  };
  const singleKeys = document.getElementById("single-keys");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey || dialog.open) return;
    const { target, key } = event;
    const field = isField(target);
    if (event.ctrlKey || event.metaKey) {
      const isHistory = key === "z" || key === "y" || key === "Z";
      // A search field keeps its own history; the text of a cue has the track's.
      if (!(key in control) || (isHistory && field && target.id === "search")) return;
      event.preventDefault();
      control[key]();
      return;
    }
    if (field) {
      if (key === "Escape") target.blur();
      return;
    }
    const button = target.closest?.("button, a, summary, input");
    if ((button && OWN_KEYS.has(key)) || !(key in single) || !singleKeys.checked) return;
    event.preventDefault();
    single[key]();
  });
}
