// Sending files and folders: a few at a time, each with its progress, its errors and a way to stop or try again.

import { $, fill, h, size } from "./dom.js";
import { OFFLINE, ownHeaders, errorOf } from "./api.js";
import { LARGE, readJson, sendResumable } from "./resumable.js";

const AT_ONCE = 3;

const waiting = [];
let sending = 0;
let sent = 0;
let accepted = () => {};

export function startUploads(onAccepted) {
  accepted = onAccepted;
  for (const input of [$("#pick-files"), $("#pick-folder")]) {
    input.addEventListener("change", () => {
      add([...input.files].map((file) => ({ file, folder: folderOf(file.webkitRelativePath) })));
      input.value = "";
    });
  }
  const drop = $("#drop");
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  document.addEventListener("drop", onDrop);
}

async function onDrop(event) {
  event.preventDefault();
  $("#drop").classList.remove("over");
  if ($("#app").hidden) return;
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return;
  location.hash = "#/files";
  for (const entry of entries) await walk(entry, "", (file, folder) => add([{ file, folder }]));
}

async function walk(entry, folder, found) {
  if (entry.isFile) return found(await new Promise((resolve, reject) => entry.file(resolve, reject)), folder);
  const reader = entry.createReader();
  for (;;) { // a reader gives at most 100 entries a call
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!batch.length) return undefined;
    for (const inner of batch) await walk(inner, folder ? `${folder}/${entry.name}` : entry.name, found);
  }
}

const folderOf = (path) => (path ? path.split("/").slice(0, -1).join("/") : "");

function add(uploads) {
  waiting.push(...uploads);
  next();
}

function next() {
  while (sending < AT_ONCE && waiting.length) send(waiting.shift());
  const left = waiting.length + sending;
  $("#files-status").textContent = left ? `Sending: ${sent} done, ${left} to go` : "";
  if (!left) sent = 0;
}

function send(upload) {
  sending += 1;
  if (upload.file.size > LARGE) sendLarge(upload);
  else sendAtOnce(upload);
}

async function sendLarge(upload) {
  const stop = new AbortController();
  const row = showRow(upload, () => stop.abort());
  try {
    const file = await sendResumable(upload, row.progress, stop.signal);
    sent += 1;
    row.remove();
    accepted(file);
  } catch (error) {
    if (stop.signal.aborted) row.remove();
    else row.fail(error.message);
  }
  sending -= 1;
  next();
}

function sendAtOnce(upload) {
  const request = new XMLHttpRequest();
  const row = showRow(upload, () => request.abort());
  const end = () => { sending -= 1; next(); };
  request.upload.addEventListener("progress", (event) => row.progress(event.loaded / (event.total || 1)));
  request.addEventListener("abort", () => { row.remove(); end(); });
  request.addEventListener("error", () => { row.fail(OFFLINE); end(); });
  request.addEventListener("load", () => {
    const answer = readJson(request.responseText);
    if (request.status >= 300) row.fail(errorOf(request.status, answer, Number(request.getResponseHeader("Retry-After"))).message);
    else {
      sent += 1;
      row.remove();
      accepted(answer.file);
    }
    end();
  });
  request.open("POST", "/api/v1/upload");
  for (const [name, value] of Object.entries(headersOf(upload))) request.setRequestHeader(name, value);
  request.send(upload.file);
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

function showRow(upload, cancel) {
  const { file, folder } = upload;
  const bar = h("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
  const told = h("span", { class: "muted" }, size(file.size));
  const buttons = h("span", { class: "row-buttons" }, h("button", { type: "button", class: "button quiet", onclick: cancel }, "Cancel"));
  const row = h("li", { class: "row" },
    h("div", { class: "row-main" }, h("strong", {}, file.name), h("span", { class: "row-meta muted" }, folder && h("span", {}, folder), told), bar),
    buttons,
  );
  $("#uploads").append(row);
  const retry = () => { row.remove(); add([upload]); };
  return {
    remove: () => row.remove(),
    progress: (share) => {
      bar.value = share;
      told.textContent = share < 1 ? `${Math.floor(share * 100)} % of ${size(file.size)}` : "Storing…";
    },
    fail: (message) => {
      row.classList.add("failed");
      bar.remove();
      fill(told, message);
      told.setAttribute("role", "alert");
      fill(buttons,
        h("button", { type: "button", class: "button", onclick: retry }, "Try again"),
        h("button", { type: "button", class: "button quiet", onclick: () => row.remove() }, "Dismiss"),
      );
    },
  };
}
