// Entry module: imports every enhancement, one custom element or behaviour per module. All pages work without them.
import "./broken-images.js";
import "./copy-asset.js";
import "./copy-link.js";
import "./drag-out.js";
import "./edit.js";
import "./image-upload.js";
import { hold } from "./keys.js";
import "./lazy-section.js";
import "./library-status.js";
import "./local-time.js";
import "./menus.js";
import "./navigate.js";
import "./new-tab.js";
import "./private-page.js";
import "./quick-look.js";
import { replay } from "./replay.js";
import "./saved-searches.js";
import "./selection-gestures.js";
import "./selection.js";
import "./submit-on-change.js";
import "./theme-switch.js";

// Modules that only some pages need, each with what it is for.
const NEEDED = {
  "change-progress": "change-progress",
  "compare-slider": "compare-slider",
  "copy-text": "copy-text",
  "crop-box": "crop-box",
  explain: ".card a.explain",
  groups: "group-player",
  "hover-preview": ".card[data-media]",
  "import-searches": "import-searches",
  "infinite-scroll": "[data-infinite-scroll]",
  "inspect-picture": "inspect-picture",
  "review-keys": "review-keys",
  "sound-player": "sound-player",
  "zoom-image": "zoom-image",
};

const WITH_KEYS = ["groups", "inspect-picture", "review-keys"];

function load() {
  for (const [name, selector] of Object.entries(NEEDED)) {
    if (document.querySelector(selector)) {
      delete NEEDED[name];
      const loading = import(`./${name}.js`);
      if (WITH_KEYS.includes(name)) hold(loading);
    }
  }
}

for (const name of ["akin:navigated", "akin:added"]) document.addEventListener(name, load);
load();
replay();

// What plays groups is loaded when a card of one is first pointed at or focused; it handles that event as well.
function loadGroups(event) {
  const { target, type } = event;
  if (!target.closest?.(".card[data-group]")) return;
  for (const each of ["pointerover", "focusin"]) document.removeEventListener(each, loadGroups);
  const loading = import("./groups.js").then(() => target.matches(":hover") && target.dispatchEvent(new event.constructor(type, event)));
  hold(loading);
}
for (const each of ["pointerover", "focusin"]) document.addEventListener(each, loadGroups);
