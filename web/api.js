// Requests to the API of this host: the CSRF header, the workspace, and errors as sentences that a person can act on.

let csrf = "";
let workspace = ""; // of the person alone where it is empty

let me = ""; // account id

export const setCsrf = (token) => { csrf = token ?? ""; };
export const setMe = (id) => { me = id ?? ""; };
export const myId = () => me;
export const setWorkspace = (id) => { workspace = id; };
export const ownHeaders = () => ({ ...(csrf && { "X-CSRF-Token": csrf }), ...(workspace && { "X-Workspace": workspace }) });
// For an address that the browser follows by itself, without headers.
export const withWorkspace = (address) => (workspace ? `${address}${address.includes("?") ? "&" : "?"}workspace=${workspace}` : address);

export class ApiError extends Error {
  constructor(status, code, message, retryAfter = 0) {
    super(message);
    Object.assign(this, { status, code, retryAfter });
  }
}

export const OFFLINE = "Recollect does not answer. Check that it is running and try again.";

export async function api(path, { method = "GET", body, file, signal, headers = {} } = {}) {
  const response = await send(path, { method, body, file, signal, headers });
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => {
    signal?.throwIfAborted(); // half an answer that nobody waits for is no answer
    return null;
  });
  if (!response.ok) throw errorOf(response.status, answer, Number(response.headers.get("Retry-After")));
  return answer;
}

// `body` is sent as JSON, `file` as it is.
export async function send(path, { method = "GET", body, file, signal, headers = {} } = {}) {
  const sent = { Accept: "application/json", ...ownHeaders(), ...headers };
  if (/[?&]workspace=/u.test(path)) delete sent["X-Workspace"]; // the address names one itself
  if (body !== undefined) sent["Content-Type"] = "application/json";
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      headers: sent,
      body: file ?? (body === undefined ? undefined : JSON.stringify(body)),
      signal,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "OFFLINE", OFFLINE);
  }
}

export function errorOf(status, answer, retryAfter = 0) {
  const error = answer?.error ?? {};
  if (status === 401) window.dispatchEvent(new CustomEvent("signed-out"));
  let message = error.message ?? `The server answered ${status}.`;
  if (status === 429 || status === 503) message += retryAfter ? ` Try again in ${retryAfter} s.` : "";
  if (status >= 500 && error.requestId) message += ` (request ${error.requestId})`;
  return new ApiError(status, error.code ?? "UNKNOWN", message, retryAfter || 0);
}

export function query(parameters) {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const given = pairs.filter(([, value]) => value !== "" && value != null);
  return given.length ? `?${new URLSearchParams(given)}` : "";
}
