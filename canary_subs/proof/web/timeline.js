// The waveform, the cues below it, and an overview of the entire video above both.
//
// wavesurfer.js draws the waveform and scrolls; ruler, cues and playhead are one canvas over it.
/* global WaveSurfer */
import { TIMELINE_PX, RULER_PX, WAVE_PX, drawOverview, drawPlace, drawTimeline, palette } from "./paint.js";
import { clock, framesMs } from "./time.js";

const ZOOMS = [2, 5, 10, 20, 40, 60, 90, 140, 220, 400];
const START_ZOOM = 5;
// Browsers lose their place in wider boxes.
const WIDEST_PX = 15_000_000;
const MOST_PEAKS = 1 << 20;

// The stored peaks as wavesurfer needs them: floats over the entire video.
function decodePeaks(peaks, duration_ms) {
  if (!peaks?.values) return new Float32Array(2);
  const stored = Uint8Array.from(atob(peaks.values), (letter) => letter.charCodeAt(0));
  const perMs = stored.length / peaks.duration_ms;
  const length = Math.min(MOST_PEAKS, Math.max(2, Math.floor(duration_ms * perMs)));
  const result = new Float32Array(length);
  stored.forEach((value, n) => {
    const place = Math.min(length - 1, Math.floor((n / perMs / duration_ms) * length));
    result[place] = Math.max(result[place], value / 255);
  });
  return result;
}

export class Timeline {
  #zoom = START_ZOOM;
  #waits = false;
  #overviewOf = null;

  constructor(proof, media, duration_ms, nonce) {
    this.proof = proof;
    this.shots_ms = media.shots_ms;
    this.frameRate = media.frame_rate;
    this.duration_ms = duration_ms;
    const byId = (id) => document.getElementById(id);
    [this.host, this.canvas, this.overview, this.place] =
      ["wave", "lane", "overview", "place"].map(byId);
    this.handles = { start_ms: byId("handle-start"), end_ms: byId("handle-end") };
    this.place.setAttribute("aria-valuemax", Math.round(duration_ms / 1000));
    this.colours = palette();
    this.wave = WaveSurfer.create({
      container: this.host,
      height: WAVE_PX,
      peaks: [decodePeaks(media.peaks, this.duration_ms)],
      duration: this.duration_ms / 1000,
      waveColor: this.colours.wave,
      progressColor: this.colours.wave,
      normalize: true,
      cursorWidth: 0,
      interact: false,
      autoScroll: false,
      minPxPerSec: this.#pxPerSec(),
      cspNonce: nonce,
    });
    for (const event of ["scroll", "redraw", "ready", "resize"]) this.wave.on(event, () => this.draw());
    this.#listen();
  }

  #pxPerSec() {
    return Math.min(ZOOMS[this.#zoom], (WIDEST_PX / this.duration_ms) * 1000);
  }

  // The visible part of the video.
  get view() {
    const width = this.host.clientWidth;
    const totalPx = Math.max(width, this.wave.getWrapper().clientWidth);
    const pxPerMs = totalPx / this.duration_ms;
    const left = this.wave.getScroll();
    const from_ms = left / pxPerMs;
    return { width, pxPerMs, from_ms, to_ms: (left + width) / pxPerMs, x: (ms) => ms * pxPerMs - left };
  }

  draw() {
    if (this.#waits) return;
    this.#waits = true;
    requestAnimationFrame(() => {
      this.#waits = false;
      this.#drawNow();
    });
  }

  #drawNow() {
    const { track, selected, player } = this.proof;
    const { view, colours } = this;
    const { time } = player;
    drawTimeline(this.canvas, view, colours, { track, selected, time, shots_ms: this.shots_ms });
    const overviewOf = [track.cues, colours, this.overview.clientWidth, window.devicePixelRatio];
    if (!this.#overviewOf?.every((value, n) => value === overviewOf[n])) {
      this.#overviewOf = overviewOf;
      drawOverview(this.overview, this.duration_ms, colours, track);
    }
    drawPlace(this.place, this.duration_ms, colours, view, time);
    this.place.setAttribute("aria-valuenow", Math.round(time / 1000));
    this.place.setAttribute("aria-valuetext", clock(time));
    this.#placeHandles(view);
  }

  #placeHandles(view) {
    const cue = this.proof.cue;
    for (const [edge, handle] of Object.entries(this.handles)) {
      handle.hidden = cue === null;
      if (!cue) continue;
      const x = view.x(cue[edge]);
      handle.classList.toggle("far", x < -2 || x > view.width + 2);
      handle.style.transform = `translateX(${Math.round(Math.min(view.width, Math.max(0, x)))}px)`;
      handle.setAttribute("aria-valuemax", this.duration_ms);
      handle.setAttribute("aria-valuenow", cue[edge]);
      handle.setAttribute("aria-valuetext", clock(cue[edge]));
    }
  }

  // Keep the playhead visible during playback, a page at a time.
  follow(ms) {
    const { view } = this;
    const x = view.x(ms);
    if (x < 0 || x > view.width * 0.9) this.wave.setScroll(ms * view.pxPerMs - view.width * 0.1);
  }

  reveal(from_ms, to_ms) {
    const { view } = this;
    if (view.x(from_ms) >= 8 && view.x(to_ms) <= view.width - 8) return;
    this.wave.setScroll(((from_ms + to_ms) / 2) * view.pxPerMs - view.width / 2);
  }

  zoom(steps) {
    this.#zoom = Math.min(ZOOMS.length - 1, Math.max(0, this.#zoom + steps));
    const { time } = this.proof.player;
    this.wave.zoom(this.#pxPerSec());
    this.wave.setScroll(time * this.view.pxPerMs - this.view.width / 2);
    this.draw();
  }

  #timeAt(event) {
    const { view } = this;
    const x = event.clientX - this.host.getBoundingClientRect().left;
    return Math.min(this.duration_ms, Math.max(0, view.from_ms + x / view.pxPerMs));
  }

  #listen() {
    this.host.addEventListener("click", (event) => this.#click(event));
    this.host.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    const jump = (event) => {
      const box = this.place.getBoundingClientRect();
      this.proof.seek(((event.clientX - box.left) / box.width) * this.duration_ms);
    };
    this.place.addEventListener("pointerdown", (event) => {
      this.place.setPointerCapture(event.pointerId);
      jump(event);
    });
    this.place.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) jump(event);
    });
    for (const [edge, handle] of Object.entries(this.handles)) this.#listenToHandle(edge, handle);
    const themes = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(forced-colors: active)"];
    for (const theme of themes) matchMedia(theme).addEventListener("change", () => this.#recolour());
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  #recolour() {
    this.colours = palette();
    this.wave.setOptions({ waveColor: this.colours.wave, progressColor: this.colours.wave });
    this.draw();
  }

  #click(event) {
    const ms = this.#timeAt(event);
    const y = event.clientY - this.host.getBoundingClientRect().top;
    const onLane = y > RULER_PX + WAVE_PX && y < TIMELINE_PX;
    const cue = onLane ? this.proof.track.at(ms).at(-1) : null;
    if (cue) this.proof.jump(cue);
    else this.proof.seek(ms);
  }

  #wheel(event) {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1 : -1);
    } else if (event.shiftKey || Math.abs(event.deltaX) < Math.abs(event.deltaY)) {
      event.preventDefault();
      this.wave.setScroll(this.wave.getScroll() + event.deltaY);
    }
  }

  #listenToHandle(edge, handle) {
    const move = (ms, gesture) => {
      const cue = this.proof.cue;
      if (cue) this.proof.setTime(edge, Math.round(ms), gesture);
    };
    handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
    handle.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) move(this.#timeAt(event), `drag ${edge}`);
    });
    handle.addEventListener("pointerup", () => this.proof.track.endGesture());
    handle.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10 };
      if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const frame = framesMs(1, this.frameRate);
      move(this.proof.cue[edge] + steps[event.key] * frame, `keys ${edge}`);
    });
    handle.addEventListener("blur", () => this.proof.track.endGesture());
  }
}
