// Sending a large file in parts (tus 1.0, docs/uploads.md): it goes on where it was cut, after a reload of the page too.

import { untilSent } from "./again.js";
import { ApiError, OFFLINE, api, errorOf, ownHeaders, send } from "./api.js";

export const LARGE = 8_000_000; // bytes; smaller files are sent at once
const PART = 8 * 2 ** 20;
const TUS = { "Tus-Resumable": "1.0.0" };

export async function sendResumable(upload, progress, signal, tell) {
  const key = keyOf(upload);
  let reached = 0;
  const goOn = async (gotThrough) => {
    let place = await placeOf(upload, key);
    while (!place.fileId) {
      if (place.offset > reached) {
        reached = place.offset;
        gotThrough();
      }
      place = await sendPart(place, upload.file, progress, signal);
    }
    const file = await api(`/files/${place.fileId}`);
    localStorage.removeItem(key);
    return file;
  };
  try {
    return await untilSent(goOn, upload.file, signal, tell);
  } catch (error) {
    if (signal.aborted) await end(key);
    throw error;
  }
}

// The same file, of the same folder, in the same workspace of the same person.
function keyOf({ file, folder }) {
  const { "X-Workspace": workspace = "" } = ownHeaders();
  return `upload ${JSON.stringify([workspace, folder, file.name, file.size, file.lastModified])}`;
}

// Where it goes on; anew where nothing was begun, or where the server has forgotten it.
async function placeOf(upload, key) {
  const begun = localStorage.getItem(key);
  if (begun) {
    const answer = await send(begun, { method: "HEAD", headers: TUS });
    if (answer.ok) return told(begun, (name) => answer.headers.get(name));
    if (answer.status !== 404) throw errorOf(answer.status, null, Number(answer.headers.get("Retry-After")));
  }
  const { file, folder } = upload;
  const metadata = [`filename ${coded(file.name)}`, ...(folder ? [`folder ${coded(folder)}`] : [])].join(",");
  const headers = { ...TUS, "Upload-Length": String(file.size), "Upload-Metadata": metadata };
  const answer = await send("/uploads", { method: "POST", headers });
  if (!answer.ok) throw errorOf(answer.status, await answer.json().catch(() => null), Number(answer.headers.get("Retry-After")));
  const address = answer.headers.get("Location").replace("/api/v1", "");
  localStorage.setItem(key, address);
  return told(address, (name) => answer.headers.get(name));
}

// By XMLHttpRequest: fetch does not tell how much has been sent.
function sendPart({ address, offset }, file, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.upload.addEventListener("progress", (event) => progress((offset + event.loaded) / file.size));
    request.addEventListener("error", () => reject(new ApiError(0, "OFFLINE", OFFLINE)));
    request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    request.addEventListener("load", () => {
      const header = (name) => request.getResponseHeader(name);
      if (request.status < 300) resolve(told(address, header));
      else reject(errorOf(request.status, readJson(request.responseText), Number(header("Retry-After"))));
    });
    request.addEventListener("loadend", () => signal.removeEventListener("abort", stop));
    signal.addEventListener("abort", stop);
    request.open("PATCH", `/api/v1${address}`);
    const headers = { ...TUS, ...ownHeaders(), "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(file.slice(offset, offset + PART));
    if (signal.aborted) stop();
  });
}

async function end(key) {
  const begun = localStorage.getItem(key);
  localStorage.removeItem(key);
  if (begun) await send(begun, { method: "DELETE", headers: TUS }).catch(() => null); // a day later it goes by itself
}

const told = (address, header) => ({ address, offset: Number(header("Upload-Offset")), fileId: header("X-File-Id") });

const coded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

export function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
