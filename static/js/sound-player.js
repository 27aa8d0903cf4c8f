// <sound-player>: a play button instead of the browser's controls, and a position line over the waveform.
// Only one sound plays at a time.
document.addEventListener(
  "play",
  (event) => {
    for (const each of document.querySelectorAll("audio, video")) {
      if (each !== event.target && !each.muted) each.pause();
    }
  },
  true,
);

class SoundPlayer extends HTMLElement {
  #audio;
  #button;
  #frame = 0;

  connectedCallback() {
    this.#audio = this.querySelector("audio");
    this.#button = this.querySelector("button");
    this.#audio.controls = false;
    this.#button.addEventListener("click", this.#turn);
    for (const name of ["play", "pause", "ended", "error"]) this.#audio.addEventListener(name, this.#show);
  }

  disconnectedCallback() {
    this.#audio.pause(); // otherwise a removed player would continue to play
    this.#button.removeEventListener("click", this.#turn);
    for (const name of ["play", "pause", "ended", "error"]) this.#audio.removeEventListener(name, this.#show);
    cancelAnimationFrame(this.#frame);
  }

  #turn = () => {
    if (this.#audio.paused) this.#audio.play().catch(this.#show);
    else this.#audio.pause();
  };

  #show = () => {
    const plays = !this.#audio.paused && !this.#audio.ended;
    this.#button.setAttribute("aria-pressed", String(plays));
    this.classList.toggle("failed", this.#audio.error !== null);
    if (this.#audio.error) this.#button.title = "This sound cannot be played in this browser";
    this.toggleAttribute("data-playing", plays);
    cancelAnimationFrame(this.#frame);
    if (plays) this.#run();
  };

  #run = () => {
    const { currentTime, duration } = this.#audio;
    this.style.setProperty("--played", duration > 0 ? currentTime / duration : 0);
    this.#frame = requestAnimationFrame(this.#run);
  };
}

customElements.define("sound-player", SoundPlayer);
