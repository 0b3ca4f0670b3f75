// The position in the video, with or without a file that the browser can play.

export class Player {
  #at_ms = 0;
  #objectUrl = null;

  constructor(video, duration_ms) {
    this.video = video;
    this.duration_ms = duration_ms;
    // Called on every change: (time in ms).
    this.onTime = () => {};
    this.onState = () => {};
    const notify = () => this.onTime(this.time);
    for (const name of ["seeking", "seeked", "timeupdate"]) video.addEventListener(name, notify);
    for (const name of ["play", "pause", "ended", "volumechange", "ratechange"]) {
      video.addEventListener(name, () => this.onState());
    }
    video.addEventListener("play", () => this.#follow());
    video.addEventListener("loadedmetadata", () => {
      video.currentTime = this.#at_ms / 1000;
      this.onState();
    });
    video.addEventListener("error", () => this.onState());
  }

  // A relative URL or a file that the user chose.
  open(source) {
    this.#at_ms = this.time;
    if (this.#objectUrl) URL.revokeObjectURL(this.#objectUrl);
    this.#objectUrl = source instanceof Blob ? URL.createObjectURL(source) : null;
    this.video.src = this.#objectUrl ?? source;
  }

  get isPlayable() {
    return this.video.readyState >= HTMLMediaElement.HAVE_METADATA && !this.video.error;
  }

  get hasFailed() {
    return !this.video.src || this.video.error !== null;
  }

  get isPlaying() {
    return !this.video.paused && !this.video.ended;
  }

  get time() {
    return this.isPlayable ? Math.round(this.video.currentTime * 1000) : this.#at_ms;
  }

  seek(ms) {
    this.#at_ms = Math.min(this.duration_ms, Math.max(0, Math.round(ms)));
    if (this.isPlayable) this.video.currentTime = this.#at_ms / 1000;
    this.onTime(this.time);
  }

  // False if there is nothing to play.
  toggle() {
    if (!this.isPlayable) return false;
    if (!this.isPlaying) this.video.play().catch(() => this.onState());
    else this.video.pause();
    return true;
  }

  // Subtitles change between the events that a video sends four times a second.
  #follow() {
    const tick = () => {
      if (!this.isPlaying) return;
      this.onTime(this.time);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }
}
