// A picture that could not be sent because the session has ended: stored for this tab, and sent after the sign-in,
// which leads back to the same page.
import { storageKey } from "./root.js";

const KEY = storageKey("akin:upload");
const VALID_MS = 10 * 60_000;

/** Store a picture (a Blob, or the URL of one) and where it belongs, if that is possible. */
export async function keep(picture, side) {
  try {
    const content = picture instanceof Blob ? await dataUrl(picture) : picture;
    const item = { content, side, name: picture.name ?? "", isFile: picture instanceof Blob, at: Date.now() };
    sessionStorage.setItem(KEY, JSON.stringify(item));
  } catch {
    // It is too large, or storage is disabled.
  }
}

/** Return the stored picture as `{ picture, side }` and forget it; null where there is none. */
export function take() {
  try {
    const item = JSON.parse(sessionStorage.getItem(KEY));
    sessionStorage.removeItem(KEY);
    if (!item || Date.now() - item.at > VALID_MS) return null;
    return { picture: item.isFile ? fileOf(item) : item.content, side: item.side };
  } catch {
    return null;
  }
}

const dataUrl = (blob) => new Promise((done, fail) => {
  const reader = new FileReader();
  reader.addEventListener("load", () => done(reader.result));
  reader.addEventListener("error", () => fail(reader.error));
  reader.readAsDataURL(blob);
});

// Not by fetch, which the policy of the page forbids for data: URLs.
function fileOf({ content, name }) {
  const [head, body] = content.split(",");
  const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
  return new File([bytes], name || "picture", { type: /^data:([^;]*)/.exec(head)[1] });
}
