// The frame of a 3D model: if its file cannot be loaded from its host, it is requested once through Akin;
// if that fails too, or WebGL is missing, a preview image is shown.
const viewer = document.querySelector("model-viewer");
const fallback = document.querySelector(".fallback");

function showFallback() {
  viewer.remove();
  fallback.hidden = false;
}

viewer.addEventListener("error", (event) => {
  const { retryUrl } = viewer.dataset;
  if (event.detail?.type !== "loadfailure" || viewer.getAttribute("src") === retryUrl) return showFallback();
  viewer.setAttribute("src", retryUrl);
});

if (!document.createElement("canvas").getContext("webgl2")) showFallback();
