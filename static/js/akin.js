// The enhancements, one custom element or behaviour a module. Every page works without them.
import "./copy-text.js";
import "./submit-on-change.js";
import "./broken-images.js";
