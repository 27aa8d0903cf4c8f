// An image that fails to load, because its signed URL has expired or its file is missing: request a new
// URL once, by the asset's id; if that fails too, hide the image.
import { root } from "./root.js";

function retry(image) {
  const asset = image.closest("[data-asset-id]")?.dataset.assetId;
  if (asset && !image.dataset.retried) {
    image.dataset.retried = "yes";
    image.removeAttribute("srcset");
    image.src = `${root}assets/${asset}/image?width=512`;
  } else {
    image.classList.add("broken");
  }
}

document.addEventListener("error", (event) => event.target instanceof HTMLImageElement && retry(event.target), true);

// Images that failed before this script ran. An SVG without a size of its own has no natural width either,
// but it decodes.
for (const image of document.images) {
  if (image.currentSrc && image.complete && !image.naturalWidth) image.decode().catch(() => retry(image));
}
