// Talking to the service. Every failure is an ApiError with a sentence to show.

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let askForToken = async () => null; // is told whether one was shown already, and it was wrong
export const onToken = (ask) => (askForToken = ask);

// What a proxy before the service says in its own words, or a connection that was cut.
const SENTENCES = {
  413: "That is too large; photos may have 24 MiB.",
  502: "The service cannot be reached at the moment; try again.",
  503: "The service cannot be reached at the moment; try again.",
  504: "The service took too long; try again.",
};
const lost = (error) => {
  if (error.name === "AbortError") throw error;
  throw new ApiError(0, "The service does not answer; see whether it still runs, then try again.");
};

export const pause = (milliseconds) => new Promise((after) => setTimeout(after, milliseconds));
const LONGEST_PAUSE = 10;

// A token may come in the address after the #, where it reaches no server log; it is kept for this tab only.
// The service's tokens are plain ASCII; what else was pasted along, such as a space of no width, no header could carry.
const keep = (token) => sessionStorage.setItem("token", token.replace(/[^\x21-\x7e]/g, ""));
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  keep(given);
  history.replaceState(null, "", location.pathname);
}

// Resolves to the response, or to its body `as` "json" or "blob". A service that is full, starting or asked too fast says
// when to come back: that is done `tries` times.
export async function call(path, { method = "GET", json, body, type, accept, signal, as, tries = 8 } = {}) {
  const headers = {};
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = `Bearer ${token}`;
  if (json !== undefined) [body, type] = [JSON.stringify(json), "application/json"];
  if (type) headers["Content-Type"] = type;
  if (accept) headers.Accept = accept;
  const response = await fetch(path, { method, headers, body, signal, cache: "no-store" }).catch(lost);
  if (response.status === 401) {
    const fresh = await askForToken(Boolean(token));
    if (fresh) {
      keep(fresh);
      return call(path, { method, body, type, accept, signal, as, tries });
    }
  }
  const retryAfter = Number(response.headers.get("Retry-After"));
  if ([429, 503].includes(response.status) && tries && retryAfter && retryAfter <= LONGEST_PAUSE) {
    await pause(1000 * retryAfter);
    signal?.throwIfAborted();
    return call(path, { method, body, type, accept, signal, as, tries: tries - 1 });
  }
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new ApiError(response.status, told.error || SENTENCES[response.status] || "The service failed and did not say why; try again.");
  }
  return as ? response[as]().catch(lost) : response;
}

export const get = (path) => call(path, { as: "json" });
export const post = (path, json, more) => call(path, { method: "POST", json, as: "json", ...more });
// `photo` is a Blob, or the name of a sample.
export const analyse = (photo, { person, signal } = {}) => {
  if (typeof photo === "string") return call(`/v1/samples/${photo}`, { method: "POST", signal, as: "json" });
  const which = person === undefined ? "" : `?person=${person}`;
  return call(`/v1/analyse${which}`, { method: "POST", body: photo, type: photo.type, signal, as: "json" });
};

export const handScene = async (file) =>
  (await call("/v1/scene", { method: "POST", body: file, type: file.type, as: "json" })).scene;

// Server-sent events of a clip; EventSource cannot show a token.
export async function follow(path, onEvent, signal) {
  const reader = (await call(path, { signal })).body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read().catch(lost);
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const data = part.split("\n").find((line) => line.startsWith("data: "));
      if (data) onEvent(JSON.parse(data.slice(6)));
    }
  }
}

export function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
export const png = (base64) => new Blob([bytes(base64)], { type: "image/png" });

export async function base64(blob) {
  const data = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
  return btoa(text);
}
