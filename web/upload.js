// Sending files and folders: a few at a time, each with its progress, its errors and a way to stop or try again.

import { $, fill, h, size } from "./dom.js";
import { attach } from "./attach.js";
import { sendFile } from "./sending.js";

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
  const over = (isOver, target) => {
    drop.classList.toggle("over", isOver);
    $("#composer").classList.toggle("over", isOver && isQuestion(target));
  };
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => { event.preventDefault(); over(true, event.target); });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(false); });
  document.addEventListener("drop", onDrop);
}

// What is dropped there goes with the message.
const isQuestion = (target) => Boolean(target?.closest?.("#composer"));

async function onDrop(event) {
  event.preventDefault();
  for (const place of document.querySelectorAll(".over")) place.classList.remove("over");
  if ($("#app").hidden) return;
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (isQuestion(event.target) && !entries.some(({ isDirectory }) => isDirectory)) {
    attach([...event.dataTransfer.files]);
    return;
  }
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

async function send(upload) {
  sending += 1;
  const stop = new AbortController();
  const row = showRow(upload, () => stop.abort());
  try {
    const file = await sendFile(upload, row.progress, stop.signal);
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
