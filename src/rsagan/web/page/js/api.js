// Talking to the service. Every failure is an ApiError with a sentence to show.

export class ApiError extends Error {
  constructor(status, message, retryAfter = 0) {
    super(message);
    Object.assign(this, { status, retryAfter });
  }
}

let askForToken = async () => null;
export const onToken = (ask) => (askForToken = ask);

// A token may come in the address after the #, where it reaches no server log; it is kept for this tab only.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem("token", given);
  history.replaceState(null, "", location.pathname);
}

export async function call(path, { method = "GET", json, body, type, accept, signal } = {}) {
  const headers = {};
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = `Bearer ${token}`;
  if (json !== undefined) [body, type] = [JSON.stringify(json), "application/json"];
  if (type) headers["Content-Type"] = type;
  if (accept) headers.Accept = accept;
  let response;
  try {
    response = await fetch(path, { method, headers, body, signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The service does not answer; is it still running?");
  }
  if (response.status === 401) {
    const fresh = await askForToken();
    if (fresh) {
      sessionStorage.setItem("token", fresh);
      return call(path, { method, body, type, accept, signal });
    }
  }
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new ApiError(response.status, told.error || "The service failed.", Number(response.headers.get("Retry-After")) || 0);
  }
  return response;
}

export const get = async (path) => (await call(path)).json();
export const post = async (path, json, more) => (await call(path, { method: "POST", json, ...more })).json();
export const analyse = async (photo, person) => {
  const which = person === undefined ? "" : `?person=${person}`;
  return (await call(`/v1/analyse${which}`, { method: "POST", body: photo, type: photo.type })).json();
};
export const sample = async (name) => (await call(`/v1/samples/${name}`, { method: "POST" })).json();

// Server-sent events of a clip; EventSource cannot show a token.
export async function follow(path, onEvent, signal) {
  const reader = (await call(path, { signal })).body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
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
