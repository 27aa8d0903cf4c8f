// Drag an asset out of the page: a card, or the picture of an asset page, delivers the original file to a file
// manager, and its address to programs that load addresses. data-file has its MIME type and name.
import { root } from "./root.js";

/** The type under which a drag of this page carries the id of an asset. */
export const ASSET = "application/x-akin-asset";

/** Return name, type and address of the original of an element with data-file, or null. */
export function original(element) {
  const [, type, name] = /^([^:]*):(.+)$/.exec(element?.dataset.file ?? "") ?? [];
  if (!name) return null;
  const id = element.closest("[data-asset-id]").dataset.assetId;
  return { id, type, name, url: new URL(`${root}assets/${id}/file/${encodeURIComponent(name)}`, location.href).href };
}

const PICTURES = "a.picture, zoom-image, .media-view img";

// A browser adds the content of a picture that is dragged, which is the thumbnail: drag what is around it.
document.addEventListener("pointerdown", (event) => {
  const image = event.target.closest?.("a.picture img, zoom-image img");
  if (!image) return;
  image.draggable = false;
  image.parentElement.draggable = true;
});

document.addEventListener("dragstart", (event) => {
  const source = event.target.closest?.("[data-asset-id]");
  const picture = event.target.closest?.(PICTURES);
  if (!source || !picture) return; // a link or a selected text inside
  const transfer = event.dataTransfer;
  transfer.clearData(); // a browser offers the thumbnail
  transfer.setData(ASSET, source.dataset.assetId);
  transfer.effectAllowed = "copyLink";
  const file = original(picture.closest("[data-file]"));
  if (file) {
    transfer.setData("DownloadURL", `${file.type}:${file.name}:${file.url}`);
    transfer.setData("text/uri-list", file.url);
    transfer.setData("text/plain", file.url);
  }
  const image = picture.matches("img") ? picture : picture.querySelector("img");
  if (image) transfer.setDragImage(image, image.clientWidth / 2, image.clientHeight / 2);
});
