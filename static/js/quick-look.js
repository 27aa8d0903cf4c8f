// Quick look: the focused card large, in place, with its main facts. The focus stays on the card, so every key of
// a card works; the arrows, and a swipe, move on, also beyond the end of the page. Sound and video play.
import { actions } from "./keys.js";
import { navigate } from "./navigate.js";
import { root } from "./root.js";

const WIDTH = 1600; // pixels of the large picture
const LOOKS = ["small", "tiny", "sensitive", "light-picture", "dark-picture"]; // classes of a card
const CONTROLS = "zoom-image, a, button, video, audio";
let panel = null;
let card = null;

const isOpen = () => panel?.matches(":popover-open") ?? false;
const pictures = () => [...document.querySelectorAll(".grid .card .picture")];
const largeOf = (each) => `${root}assets/${each.dataset.assetId}/image?width=${WIDTH}`;

function built() {
  if (panel) return panel;
  panel = document.getElementById("quick-look").content.firstElementChild.cloneNode(true);
  document.body.append(panel);
  panel.addEventListener("toggle", () => isOpen() || close());
  panel.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.name) step(Number(button.value));
    else if (button || event.target.matches(".stage")) panel.hidePopover();
  });
  // Keys are those of the card, except for moving among the buttons and using them.
  panel.addEventListener("keydown", (event) => {
    const isUsed = event.key === "Enter" || (event.key === " " && !event.target.matches("a"));
    if (event.key === "Escape" || isUsed) return;
    const controls = [...panel.querySelectorAll(CONTROLS)];
    const at = controls.indexOf(document.activeElement);
    if (event.key === "Tab" && controls[at + (event.shiftKey ? -1 : 1)]) return;
    card.querySelector(".picture").focus();
    if (event.key === "Tab") event.preventDefault();
  });
  panel.addEventListener("akin:swipe", (event) => {
    event.stopPropagation();
    step(event.detail);
  });
  import("./zoom-image.js");
  import("./fingers.js").then(({ followFingers }) => followFingers(panel.querySelector(".stage")));
  return panel;
}

// What plays or is shown for a card; its own picture at once, the large one when it is there.
function content(each) {
  const image = each.querySelector(".picture img");
  const { kind, media } = each.dataset;
  const sound = each.querySelector("audio")?.src;
  if (kind === "video" && media) {
    return [Object.assign(document.createElement("video"), { src: media, poster: image?.currentSrc ?? "", controls: true, autoplay: true, loop: true })];
  }
  if (!image) return [each.querySelector(".glyph").cloneNode(true)];
  const shown = Object.assign(new Image(image.width, image.height), { alt: image.alt, src: image.currentSrc || image.src });
  if (sound) return [shown, Object.assign(document.createElement("audio"), { src: sound, controls: true, autoplay: true })];
  const zoom = document.createElement("zoom-image");
  const show = (source) => {
    shown.src = source.currentSrc || source.src;
    zoom.style.setProperty("--ratio", source.naturalWidth / source.naturalHeight || 1);
  };
  const large = Object.assign(new Image(), { src: media || largeOf(each) });
  large.decode().then(() => show(large), () => {}); // otherwise the card's own picture stays
  show(image);
  zoom.append(shown);
  return [zoom];
}

function show(each) {
  card = each;
  const all = pictures();
  const at = all.indexOf(each.querySelector(".picture"));
  panel.className = `quick-look ${[...each.classList].filter((name) => LOOKS.includes(name)).join(" ")}`;
  const chosen = each.closest("[data-background]");
  panel.toggleAttribute("data-background", chosen !== null);
  if (chosen) panel.dataset.background = chosen.dataset.background;
  panel.querySelector(".stage").replaceChildren(...content(each));
  const name = each.querySelector(".caption .name").textContent;
  const facts = [...each.querySelectorAll(".caption .facts > span, .kind")].map((fact) => fact.textContent.trim());
  panel.querySelector(".name").textContent = name;
  panel.querySelector(".facts").textContent = facts.filter(Boolean).join(" · ");
  panel.querySelector("a").href = each.querySelector(".picture").href;
  document.getElementById("announcer").textContent = `${name}. ${panel.querySelector(".facts").textContent}`;
  for (const next of [all[at + 1], all[at - 1]]) {
    const { dataset } = next?.closest(".card") ?? {};
    if (dataset && !dataset.media && next.querySelector("img")) new Image().src = largeOf(next.closest(".card"));
  }
}

function close() {
  panel.querySelector(".stage").replaceChildren(); // a player would continue
  card = null;
}

/** Open quick look for a card, or close it. */
function toggle(each) {
  if (isOpen()) return panel.hidePopover();
  built().showPopover();
  show(each);
}

function step(by) {
  const all = pictures();
  const next = all[all.indexOf(card.querySelector(".picture")) + by];
  if (next) {
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  } else turn(by);
}

// Go on to the next or previous page; with infinite scroll, wait for what is appended.
async function turn(by) {
  const link = document.querySelector(`.pagination a[rel="${by > 0 ? "next" : "prev"}"]`);
  if (!link) return;
  const results = document.querySelector(".results[data-infinite-scroll]");
  if (results && by > 0) {
    const count = pictures().length;
    new MutationObserver((_, watcher) => {
      if (pictures().length === count) return;
      watcher.disconnect();
      if (isOpen()) step(1);
    }).observe(results, { childList: true });
    document.querySelector(".pagination").scrollIntoView({ block: "end" });
    return;
  }
  history.replaceState(history.state, "", link.href); // no entry of its own: Back leads out of the results
  await navigate(link.href, { push: false });
  pictures().at(by > 0 ? 0 : -1)?.focus();
}

const move = actions.move;
actions.move = (event) => {
  const before = document.activeElement;
  const result = move(event);
  if (isOpen() && document.activeElement === before) turn(["ArrowRight", "ArrowDown"].includes(event.key) ? 1 : -1);
  return result;
};
actions.quickLook = () => toggle(document.activeElement.closest(".card"));

document.addEventListener("focusin", (event) => {
  const each = event.target.closest?.(".card");
  if (each && isOpen() && each !== card) show(each);
  // With the keyboard, Tab leads from the card to the controls.
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Tab" || !isOpen() || panel.contains(document.activeElement)) return;
  event.preventDefault();
  [...panel.querySelectorAll(CONTROLS)].at(event.shiftKey ? -1 : 0).focus();
});

// The button of a card, made when it is needed: a page has dozens of cards.
const button = () => document.getElementById("quick-look").content.querySelector(".look").cloneNode(true);
for (const name of ["pointerover", "focusin"]) {
  document.addEventListener(name, (event) => {
    const each = event.target.closest?.(".grid .card");
    if (!each || each.querySelector(".look")) return;
    document.querySelector(".card .look")?.remove();
    const look = button();
    look.setAttribute("aria-label", `Quick look: ${each.querySelector(".caption .name").textContent}`);
    each.append(look);
  });
}
document.addEventListener("click", (event) => {
  const look = event.target.closest?.(".card .look");
  if (!look) return;
  look.closest(".card").querySelector(".picture").focus();
  toggle(look.closest(".card"));
});
