// Search by picture: drop or paste files or an address anywhere, or drag a card onto one of two zones over the
// search bar: more like this, less like this. A file is scaled down before it is uploaded.
import { ASSET } from "./drag-out.js";
import { navigate, steer } from "./navigate.js";
import { root, storageKey } from "./root.js";
import { onward, request, SignedOut, state } from "./session.js";
import { showToast } from "./toast.js";

const SIDE = 1024; // pixels: the server stores no larger picture
const SCALABLE = /^image\/(png|jpeg|webp|gif|avif|bmp)$/;
const MAX_FILES = 10; // that are dropped at once
const pendingUpload = () => import("./pending-upload.js");
let zones = null;
let isOwn = false; // is what is dragged from this page?

async function scaledDown(file) {
  if (!SCALABLE.test(file.type)) return file; // the server reports what is wrong with it
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
    return file; // the server may support a format that the browser does not
  }
}

// Close the upload panel, which would cover the results.
function close(panel) {
  if (!panel?.open) return;
  panel.querySelector("summary").focus();
  panel.open = false;
}

class Refused extends Error {}

// Upload one picture to be added to a search, if not to the shown one; return the search with it, and its page if
// the server has sent it. Throws Refused.
async function upload(original, side, search, isRepeated) {
  const form = document.querySelector(".upload form");
  const body = new FormData(form);
  const picture = original instanceof Blob ? await scaledDown(original) : original;
  if (picture instanceof Blob) body.set("image", picture, original.name || "picture");
  else {
    body.delete("image");
    body.set("address", picture);
  }
  body.set("side", side);
  if (search !== undefined) body.set("search", search);
  try {
    const response = await request(form.getAttribute("action"), { method: "POST", body });
    const page = { html: await response.text(), url: response.url, at: performance.now() };
    if (!response.ok) throw new Refused(refusal(response.status, page.html, picture));
    const next = onward(page.html) ?? (response.redirected ? response.url : "");
    if (next && new URL(next).pathname !== root) throw new SignedOut(); // the sign-in page of a proxy
    if (!next) throw new Refused("The picture was not accepted.");
    return { next, prepared: next === response.url ? page : null };
  } catch (error) {
    if (error instanceof Refused) throw error;
    if (error instanceof SignedOut) return signIn(picture, side, isRepeated);
    throw new Refused((await state()) === "offline"
      ? "The picture could not be sent: there is no connection."
      : `The server ended the upload. The picture has ${megabytes(picture)}; it may accept smaller ones only.`);
  }
}

// Upload one picture after the other and show the search with them. Those that are not accepted are reported, by
// name if there are several.
async function uploadAll(pictures, side, { isRepeated = false } = {}) {
  const failures = [];
  let result = null;
  document.getElementById("main").setAttribute("aria-busy", "true");
  for (const picture of pictures.slice(0, MAX_FILES)) {
    try {
      result = await upload(picture, side, result ? new URL(result.next).search.slice(1) : undefined, isRepeated);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      failures.push(pictures.length > 1 ? `${picture.name}: ${error.message}` : error.message);
    }
  }
  if (pictures.length > MAX_FILES) failures.push(`Only the first ${MAX_FILES} of ${pictures.length} files are used.`);
  document.getElementById("main").removeAttribute("aria-busy");
  if (result) {
    close(document.querySelector("details.upload"));
    await navigate(result.next, { prepared: result.prepared });
  }
  if (failures.length) showToast(failures.join(" "));
}

// The page is requested again, which leads to the sign-in and back; then the picture is sent.
async function signIn(picture, side, isRepeated) {
  if (isRepeated) throw new Refused("You are signed out. Sign in, then choose the picture again.");
  await pendingUpload().then(({ keep }) => keep(picture, side), () => {}); // else it has to be chosen again
  location.assign(location.pathname + location.search);
  return new Promise(() => {}); // this page ends here
}

const megabytes = (picture) => `${((picture.size ?? 0) / 1e6).toFixed(1)} MB`;

// The reason that the page gives; a proxy has pages of its own.
function refusal(status, html, picture) {
  const reason = new DOMParser().parseFromString(html, "text/html").querySelector(".failure .message")?.textContent;
  if (reason) return reason;
  if (status === 413) return `The picture has ${megabytes(picture)}. That is more than the server accepts.`;
  return `The server could not accept the picture (status ${status}). Try again in a moment.`;
}

// Whether a drag can be an example. Some browsers state no types of files before they are dropped.
function isExample(transfer) {
  if (!transfer) return false;
  if (transfer.types.includes(ASSET)) return true;
  if (isOwn) return false;
  const files = [...transfer.items].filter((item) => item.kind === "file");
  if (files.length) return files.some((item) => !item.type || item.type.startsWith("image/"));
  return ["Files", "text/uri-list"].some((type) => transfer.types.includes(type));
}

// Whether a drop outside the zones is handled here: a browser would leave the page to open it.
const isForeign = (transfer) => transfer && !isOwn && ["Files", "text/uri-list"].some((type) => transfer.types.includes(type));

function showZones() {
  const bar = document.querySelector(".bar");
  if (zones || !bar || !document.getElementById("search")) return;
  zones = document.getElementById("drop-zones").content.firstElementChild.cloneNode(true);
  for (const zone of zones.querySelectorAll("[data-side]")) {
    zone.addEventListener("dragenter", () => zone.classList.add("over"));
    zone.addEventListener("dragover", (event) => event.preventDefault());
    zone.addEventListener("dragleave", (event) => zone.contains(event.relatedTarget) || zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => drop(event, zone.dataset.side));
  }
  bar.append(zones);
}

function hideZones() {
  zones?.remove();
  zones = null;
}

function drop(event, side) {
  event.preventDefault();
  event.stopPropagation();
  hideZones();
  const transfer = event.dataTransfer;
  const asset = transfer.getData(ASSET);
  if (asset) return steer([side, asset]);
  if (acceptFiles(transfer, side)) return;
  // The first line that is no comment.
  const dropped = transfer.getData("text/uri-list").split(/[\r\n]+/).find((line) => line && !line.startsWith("#")) ?? "";
  const address = httpAddress(dropped);
  if (address) acceptAddress(address, side);
  else showToast("Only pictures, and the web addresses of pictures, can be examples.");
}

// Use the files of a drop or a paste; return whether there are any. A folder is explained.
function acceptFiles(transfer, side) {
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.());
  const folders = new Set(entries.filter((entry) => entry?.isDirectory).map((entry) => entry.name));
  const files = [...transfer.files].filter((file) => !folders.has(file.name));
  if (files.length) uploadAll(files, side);
  else if (folders.size) {
    showToast(`“${[...folders][0]}” is a folder. Drop pictures from it as examples. To search the folder itself, start Akin with it.`);
  }
  return files.length > 0 || folders.size > 0;
}

// Search by one of Akin's own assets, or by a picture of another site; return whether that is possible.
function acceptAddress(address, side) {
  const asset = address.origin === location.origin && address.pathname.startsWith(root) && /^assets\/([\w-]+)/.exec(address.pathname.slice(root.length));
  if (asset) steer([side, asset[1]]);
  else if (acceptsUrls()) uploadAll([address.href], side);
  else {
    showToast("This server does not load pictures from other sites. Save the picture, then drop it here.");
    return false;
  }
  return true;
}

document.addEventListener("dragstart", () => {
  isOwn = true;
});
document.addEventListener("dragenter", (event) => isExample(event.dataTransfer) && showZones());
document.addEventListener("dragover", (event) => isForeign(event.dataTransfer) && event.preventDefault());
document.addEventListener("dragleave", (event) => event.relatedTarget === null && hideZones());
document.addEventListener("dragend", () => {
  isOwn = false;
  hideZones();
});
document.addEventListener("drop", (event) => isForeign(event.dataTransfer) && drop(event, "like"));

document.addEventListener("paste", (event) => {
  const typing = event.target.closest?.("input, textarea");
  if (event.clipboardData.files.length) {
    // Office programs add a picture of the text that was copied.
    if (typing && event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    acceptFiles(event.clipboardData, "like");
    return;
  }
  if (typing && !typing.matches('.query-field input[name="query"]')) return;
  const address = httpAddress(event.clipboardData.getData("text"));
  if (!address || (typing && address.origin !== location.origin && !acceptsUrls())) return;
  if (acceptAddress(address, "like")) event.preventDefault();
});

const acceptsUrls = () => document.querySelector('.upload [name="address"]') !== null;

// An address alone is that of a picture to search by; text that contains one is text.
function httpAddress(text) {
  if (!/^https?:\/\/\S+$/.test(text.trim())) return null;
  return URL.canParse(text.trim()) ? new URL(text.trim()) : null;
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".upload form") || !document.querySelector(".workspace")) return;
  const file = event.target.elements.image?.files[0];
  if (!file) return; // a URL, or nothing: submit the form to the server
  event.preventDefault();
  uploadAll([file], event.submitter?.value ?? "like");
});

function isPending() {
  try {
    return sessionStorage.getItem(storageKey("akin:upload")) !== null;
  } catch {
    return false; // storage is disabled
  }
}

if (document.querySelector(".upload form") && isPending()) {
  pendingUpload().then(({ take }) => {
    const pending = take();
    if (pending) uploadAll([pending.picture], pending.side, { isRepeated: true });
  });
}
