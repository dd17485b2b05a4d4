// Sending files and folders: a few at a time, each with its progress, its errors and a way to stop or try again; all that failed
// at once, too.

import { $, count, fill, h, size, toast } from "./dom.js";
import { attach } from "./attach.js";
import { sendFile } from "./sending.js";

const AT_ONCE = 3;

const UNREADABLE = "It could not be read. Was it moved, or may you not open it?";

const waiting = [];
const underWay = new Set(); // AbortController of each that is being sent
const failed = new Map(); // row -> how it is tried again
let sent = 0;
let stops = 0; // folders that were being walked through before the latest one are left
let accepted = () => {};

export function startUploads(onAccepted) {
  accepted = onAccepted;
  for (const input of [$("#pick-files"), $("#pick-folder")]) {
    input.addEventListener("change", () => {
      add([...input.files].map((file) => ({ file, folder: folderOf(file.webkitRelativePath) })));
      input.value = "";
    });
  }
  $("#uploads-again").addEventListener("click", () => {
    for (const again of [...failed.values()]) again();
  });
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

// They were meant for the workspace, and come from the person, that the page has left.
export function stopUploads() {
  const left = waiting.length + underWay.size;
  stops += 1;
  waiting.length = 0;
  for (const stop of underWay) stop.abort();
  failed.clear();
  showFailed();
  fill($("#uploads"));
  if (left) toast(`${count(left, "file was", "files were")} not sent: choose them again where they belong.`);
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
  const begun = stops;
  for (const entry of entries) await walk(entry, "", begun);
}

// What cannot be read is told, and those that follow are sent.
async function walk(entry, folder, begun = stops) {
  if (begun !== stops) return;
  try {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => { entry.file(resolve, reject); });
      if (begun === stops) add([{ file, folder }]);
      return;
    }
    const reader = entry.createReader();
    for (;;) { // a reader gives at most 100 entries a call
      const batch = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
      if (!batch.length) return;
      for (const inner of batch) await walk(inner, folder ? `${folder}/${entry.name}` : entry.name, begun);
    }
  } catch {
    if (begun === stops) showRow(entry.name, folder, "").fail(UNREADABLE, () => walk(entry, folder));
  }
}

const folderOf = (path) => (path ? path.split("/").slice(0, -1).join("/") : "");

function add(uploads) {
  waiting.push(...uploads);
  next();
}

function next() {
  while (underWay.size < AT_ONCE && waiting.length) send(waiting.shift());
  const left = waiting.length + underWay.size;
  $("#files-status").textContent = left ? `Sending: ${sent} done, ${left} to go` : "";
  if (!left) sent = 0;
}

async function send(upload) {
  const stop = new AbortController();
  underWay.add(stop);
  const { file, folder } = upload;
  const row = showRow(file.name, folder, size(file.size), () => stop.abort());
  const progress = (share) => row.progress(share, share < 1 ? `${Math.floor(share * 100)} % of ${size(file.size)}` : "Storing…");
  try {
    const stored = await sendFile(upload, progress, stop.signal, row.tell);
    stop.signal.throwIfAborted();
    sent += 1;
    row.remove();
    accepted(stored);
  } catch (error) {
    if (stop.signal.aborted) row.remove();
    else row.fail(error.message, () => add([upload]));
  }
  underWay.delete(stop);
  next();
}

function showRow(name, folder, note, cancel) {
  const bar = h("progress", { max: 1, value: 0, "aria-label": `Sending ${name}` });
  const told = h("span", { class: "muted" }, note);
  const buttons = h("span", { class: "row-buttons" }, cancel && h("button", { type: "button", class: "button quiet", onclick: cancel }, "Cancel"));
  const row = h("li", { class: "row" },
    h("div", { class: "row-main" }, h("strong", {}, name), h("span", { class: "row-meta muted" }, folder && h("span", {}, folder), told), bar),
    buttons,
  );
  $("#uploads").append(row);
  const remove = () => {
    row.remove();
    failed.delete(row);
    showFailed();
  };
  return {
    remove,
    tell: (text) => fill(told, text),
    progress: (share, text) => {
      bar.value = share;
      fill(told, text);
    },
    fail: (message, again) => {
      const retry = () => { remove(); again(); };
      failed.set(row, retry);
      showFailed();
      row.classList.add("failed");
      bar.remove();
      fill(told, message);
      told.setAttribute("role", "alert");
      fill(buttons,
        h("button", { type: "button", class: "button", onclick: retry }, "Try again"),
        h("button", { type: "button", class: "button quiet", onclick: remove }, "Dismiss"),
      );
    },
  };
}

function showFailed() {
  $("#uploads-failed").hidden = failed.size < 2;
  fill($("#uploads-failed span"), `${failed.size.toLocaleString()} were not sent.`);
}
