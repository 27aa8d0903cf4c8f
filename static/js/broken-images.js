// A signed address that has expired, or a file that is gone: ask once for a fresh one, by the
// asset's id; then show that there is no picture.
document.addEventListener(
  "error",
  (event) => {
    const image = event.target;
    if (!(image instanceof HTMLImageElement)) return;
    const asset = image.closest("[data-asset-id]")?.dataset.assetId;
    if (asset && !image.dataset.retried) {
      image.dataset.retried = "yes";
      image.removeAttribute("srcset");
      image.src = `/assets/${asset}/image?width=512`;
    } else {
      image.classList.add("broken");
    }
  },
  true,
);
