// Sending one file, at once or, where it is large, in parts; what is done with its progress is for the caller.

import { untilSent } from "./again.js";
import { ApiError, OFFLINE, errorOf, ownHeaders } from "./api.js";
import { LARGE, readJson, sendResumable } from "./resumable.js";

// Resolve to the file as the API tells it; progress(share) is called with 0 to 1, tell(text) where it waits. An upload is
// {file, folder}. Bytes sent again to their place stay one file, so trying again makes no second one.
export function sendFile(upload, progress, signal, tell) {
  if (upload.file.size > LARGE) return sendResumable(upload, progress, signal, tell);
  return untilSent(() => sendAtOnce(upload, progress, signal), upload.file, signal, tell);
}

// By XMLHttpRequest: fetch does not tell how much has been sent.
function sendAtOnce(upload, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.upload.addEventListener("progress", (event) => progress(event.loaded / (event.total || 1)));
    request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    request.addEventListener("error", () => reject(new ApiError(0, "OFFLINE", OFFLINE)));
    request.addEventListener("load", () => {
      const answer = readJson(request.responseText);
      if (request.status < 300) resolve(answer.file);
      else reject(errorOf(request.status, answer, Number(request.getResponseHeader("Retry-After"))));
    });
    request.addEventListener("loadend", () => signal.removeEventListener("abort", stop));
    signal.addEventListener("abort", stop);
    request.open("POST", "/api/v1/upload");
    for (const [name, value] of Object.entries(headersOf(upload))) request.setRequestHeader(name, value);
    request.send(upload.file);
  });
}

// The bytes as they are, the name in a header: in a form, browsers change quotation marks in names.
function headersOf({ file, folder }) {
  return {
    Accept: "application/json",
    "Content-Type": "application/octet-stream",
    "X-Filename": encodeURIComponent(file.name),
    ...(folder ? { "X-Folder": encodeURIComponent(folder) } : {}),
    ...ownHeaders(),
  };
}
