// The enhancements, one custom element or behaviour a module. Every page works without them.
import "./broken-images.js";
import "./compare-slider.js";
import "./copy-link.js";
import "./copy-text.js";
import "./endless.js";
import "./hover-play.js";
import "./keys.js";
import "./lazy-part.js";
import "./menus.js";
import "./navigate.js";
import "./pictures.js";
import "./saved-searches.js";
import "./select.js";
import "./submit-on-change.js";
import "./theme-switch.js";
import "./why.js";
import "./zoom-image.js";
