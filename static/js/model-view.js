// In the frame of a 3D model: where its file may not be read from its own host, it is asked for once
// more through Akin; where that fails as well, or nothing can draw in 3D, its picture is shown.
const viewer = document.querySelector("model-viewer");
const instead = document.querySelector(".instead");

function giveUp() {
  viewer.remove();
  instead.hidden = false;
}

viewer.addEventListener("error", (event) => {
  const { again } = viewer.dataset;
  if (event.detail?.type !== "loadfailure" || viewer.getAttribute("src") === again) return giveUp();
  viewer.setAttribute("src", again);
});

if (!document.createElement("canvas").getContext("webgl2")) giveUp();
