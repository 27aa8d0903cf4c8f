// Pictures as questions: drop a file anywhere, paste one, or drag a card onto one of two places:
// more like it, less like it. A file is shrunk here before it is sent.
import { navigate, steer } from "./navigate.js";

const SIDE = 1024; // pixels: the server keeps no more either
const ASSET = "application/x-akin-asset";
const SHRUNK = /^image\/(png|jpeg|webp|gif|avif|bmp)$/;
let zones = null;

async function shrunk(file) {
  if (!SHRUNK.test(file.type)) return file; // the server says what is wrong with it
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    if (scale === 1 && file.size < 500_000) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const opaque = file.type === "image/jpeg" || file.type === "image/bmp";
    return await new Promise((done) => canvas.toBlob((blob) => done(blob ?? file), opaque ? "image/jpeg" : "image/png", 0.9));
  } catch {
    return file; // what the browser cannot read the server may
  }
}

// What it was opened for is done: it would lie over the results.
function close(panel) {
  if (!panel?.open) return;
  panel.querySelector("summary").focus();
  panel.open = false;
}

async function upload(picture, side) {
  const form = document.querySelector(".upload form");
  const body = new FormData(form);
  if (picture instanceof Blob) body.set("image", await shrunk(picture), picture.name || "picture");
  else {
    body.delete("image");
    body.set("address", picture);
  }
  body.set("side", side);
  document.getElementById("main").setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.getAttribute("action"), { method: "POST", body });
    const page = { html: await response.text(), url: response.url, at: performance.now() };
    if (response.redirected && response.ok) {
      close(form.closest("details"));
      return navigate(response.url, { prepared: page });
    }
    say(new DOMParser().parseFromString(page.html, "text/html").querySelector(".failure .said")?.textContent ?? "The picture was not taken.");
  } catch {
    say("The picture could not be sent: there is no connection.");
  } finally {
    document.getElementById("main").removeAttribute("aria-busy");
  }
}

/** A line that comes and goes; screen readers hear it. */
export function say(text) {
  const toast = document.getElementById("toast");
  toast.textContent = text;
  toast.showPopover?.();
  clearTimeout(say.timer);
  say.timer = setTimeout(() => toast.hidePopover?.(), 6000);
}

const carries = (transfer) => transfer && (transfer.types.includes("Files") || transfer.types.includes(ASSET));

function showZones() {
  if (zones || !document.getElementById("search")) return;
  zones = document.getElementById("drop-zones").content.firstElementChild.cloneNode(true);
  for (const zone of zones.querySelectorAll("[data-side]")) {
    zone.addEventListener("dragenter", () => zone.classList.add("over"));
    zone.addEventListener("dragleave", (event) => zone.contains(event.relatedTarget) || zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => drop(event, zone.dataset.side));
  }
  document.body.append(zones);
}

function hideZones() {
  zones?.remove();
  zones = null;
}

function drop(event, side) {
  event.preventDefault();
  event.stopPropagation();
  hideZones();
  const asset = event.dataTransfer.getData(ASSET);
  if (asset) return steer([side, asset]);
  const file = [...event.dataTransfer.files].find((each) => each.type.startsWith("image/")) ?? event.dataTransfer.files[0];
  if (file) upload(file, side);
}

document.addEventListener("dragstart", (event) => {
  const card = event.target.closest?.(".card");
  if (!card) return;
  event.dataTransfer.setData(ASSET, card.dataset.assetId);
  event.dataTransfer.effectAllowed = "copyLink";
});
document.addEventListener("dragenter", (event) => carries(event.dataTransfer) && showZones());
document.addEventListener("dragover", (event) => carries(event.dataTransfer) && event.preventDefault());
document.addEventListener("dragleave", (event) => event.relatedTarget === null && hideZones());
document.addEventListener("dragend", hideZones);
document.addEventListener("drop", (event) => carries(event.dataTransfer) && drop(event, "like"));

document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
  if (file) {
    event.preventDefault();
    return upload(file, "like");
  }
  const typing = event.target.closest?.("input, textarea");
  if (typing && !typing.matches('.words input[name="query"]')) return;
  const address = pastedAddress(event.clipboardData.getData("text"));
  if (!address) return;
  const asset = address.origin === location.origin && /^\/assets\/([\w-]+)/.exec(address.pathname);
  if (!asset && !takesAddresses()) {
    if (!typing) say("This server fetches no pictures from other addresses: save the picture, then drop it here.");
    return;
  }
  event.preventDefault();
  if (asset) steer(["like", asset[1]]);
  else upload(address.href, "like");
});

const takesAddresses = () => document.querySelector('.upload [name="address"]') !== null;

// An address that is pasted whole is a picture to search by; words with a link in them are words.
function pastedAddress(text) {
  if (!/^https?:\/\/\S+$/.test(text.trim())) return null;
  return URL.canParse(text.trim()) ? new URL(text.trim()) : null;
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".upload form") || !document.querySelector(".workspace")) return;
  const file = event.target.elements.image?.files[0];
  if (!file) return; // an address, or nothing: the server answers
  event.preventDefault();
  upload(file, event.submitter?.value ?? "like");
});
