// Requests of scripts, whose session may have ended: with a status of Akin, or with a redirect of a proxy that
// signs people in, which fetch follows to another page or reports like a lost connection.
import { root } from "./root.js";

/** Thrown where a request needs a sign-in first. */
export class SignedOut extends Error {}

/** Return the response to a request. Throws SignedOut, and what fetch throws. */
export async function request(url, options = {}) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name !== "AbortError" && (await state()) === "signed out") throw new SignedOut();
    throw error;
  }
  if (response.status === 401) throw new SignedOut();
  return response;
}

/** Return "signed in", "signed out", or "offline" where the server cannot be reached. */
export async function state() {
  try {
    const probe = await fetch(`${root}opensearch.xml`, { redirect: "manual", cache: "no-store" });
    return probe.type === "opaqueredirect" || probe.status === 401 ? "signed out" : "signed in";
  } catch {
    return "offline";
  }
}

/** Return the URL that a page leads on to by itself; null if it does not. */
export function onward(html) {
  if (!html.slice(0, 6000).includes('http-equiv="refresh"')) return null;
  const refresh = new DOMParser().parseFromString(html, "text/html").querySelector('meta[http-equiv="refresh"][content^="0;url="]');
  const url = refresh?.content.replace(/^0;url=/, "");
  return url ? new URL(url, location.href).href : null;
}
