// Copy the picture of an asset, as PNG, or its permanent link: by key, and by <copy-picture> on an asset page.
import { copy } from "./copy.js";
import { original } from "./drag-out.js";
import { actions } from "./keys.js";
import { root } from "./root.js";
import { request, SignedOut } from "./session.js";
import { showToast } from "./toast.js";

// What browsers decode; others are converted by the server.
const DECODED = /^image\/(png|jpeg|webp|gif|avif|bmp)$/;

// The focused card, else the asset of the page.
const chosen = () => document.activeElement?.closest?.(".card") ?? document.querySelector(".asset");
const fileOf = (asset) => original(asset?.matches("[data-file]") ? asset : asset?.querySelector(".media-view[data-file]"));

async function png(file) {
  const isDecoded = DECODED.test(file.type);
  const response = await request(isDecoded ? file.url : `${root}assets/${file.id}/download?format=png`);
  if (!response.ok) throw new Error(String(response.status));
  const blob = await response.blob();
  if (blob.type === "image/png") return blob;
  const bitmap = await createImageBitmap(blob);
  const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return new Promise((done, failed) => canvas.toBlob((made) => (made ? done(made) : failed(new Error("too large"))), "image/png"));
}

async function copyPicture(asset) {
  const file = fileOf(asset);
  if (!file?.type.startsWith("image/")) return showToast("Only pictures can be copied. Drag the asset, or download it.");
  if (!navigator.clipboard?.write) return showToast("This browser copies pictures over https only. Drag the picture instead.");
  try {
    // The picture is awaited by the clipboard: some browsers refuse to write after a pause.
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png(file) })]);
    showToast("Picture copied");
  } catch (error) {
    const isSignedOut = error instanceof SignedOut;
    showToast(isSignedOut ? "You are signed out. Reload the page to sign in." : "The picture could not be copied. Drag it, or download it.");
  }
}

async function copyLink(asset) {
  const url = new URL(`${root}assets/${asset.dataset.assetId}`, location.href).href;
  showToast((await copy(url)) ? "Link copied" : `The link could not be copied: ${url}`);
}

// Where text is selected, Ctrl+C copies that.
const hasText = () => !getSelection().isCollapsed;
actions.copyPicture = () => {
  if (hasText() || !chosen()) return false;
  copyPicture(chosen());
};
actions.copyLink = () => {
  if (!chosen()) return false;
  copyLink(chosen());
};

class CopyPicture extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", () => copyPicture(this.closest("[data-asset-id]")));
  }
}

customElements.define("copy-picture", CopyPicture);
