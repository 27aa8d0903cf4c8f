// Videos and animated pictures play while they are hovered or focused. Nothing is loaded before that.
const WAIT_MS = 180;
let playing = null;
let timer = 0;

function stop() {
  clearTimeout(timer);
  playing?.moving.remove();
  playing = null;
}

function start(card) {
  stop();
  timer = setTimeout(() => {
    const source = card.dataset.media;
    const isVideo = card.dataset.kind === "video";
    const moving = document.createElement(isVideo ? "video" : "img");
    moving.className = "hover-media";
    moving.src = source;
    if (isVideo) Object.assign(moving, { muted: true, loop: true, playsInline: true, autoplay: true });
    else moving.alt = "";
    moving.setAttribute("aria-hidden", "true");
    card.querySelector(".picture").append(moving);
    playing = { card, moving };
  }, WAIT_MS);
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");
for (const [begin, end] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  document.addEventListener(begin, (event) => {
    const card = event.target.closest?.(".card[data-media]");
    if (card && playing?.card !== card && !calm.matches) start(card);
  });
  document.addEventListener(end, (event) => {
    const card = event.target.closest?.(".card[data-media]");
    if (card && !card.contains(event.relatedTarget)) stop();
  });
}
