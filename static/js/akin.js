// Entry module: imports every enhancement, one custom element or behaviour per module. All pages work without them.
import "./broken-images.js";
import "./copy-asset.js";
import "./copy-link.js";
import "./copy-text.js";
import "./drag-out.js";
import "./edit.js";
import "./image-upload.js";
import "./inspect-picture.js";
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
  "crop-box": "crop-box",
  explain: ".card a.explain",
  groups: ".card[data-group], group-player",
  "hover-preview": ".card[data-media]",
  "import-searches": "import-searches",
  "infinite-scroll": "[data-infinite-scroll]",
  "review-keys": "review-keys",
  "sound-player": "sound-player",
  "zoom-image": "zoom-image",
};

function load() {
  for (const [name, selector] of Object.entries(NEEDED)) {
    if (document.querySelector(selector)) {
      delete NEEDED[name];
      const loading = import(`./${name}.js`);
      if (name === "review-keys") hold(loading); // it has keys
    }
  }
}

for (const name of ["akin:navigated", "akin:added"]) document.addEventListener(name, load);
load();
replay();
