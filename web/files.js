// The list of files: how far each is read, live; why one failed and what to do; retry, delete, restore.

import { $, fill, h, icon, size, toast, when } from "./dom.js";
import { api, query } from "./api.js";
import { follow } from "./events.js";
import { button, buttonsOf, isOpen, passwordForm, progressOf, progressText, stateOf } from "./filestate.js";
import { clearDead, showDead } from "./dead.js";
import { startUploads, stopUploads } from "./upload.js";

const PAGE = 50;
const STREAMS = 2; // an account may hold five, and a browser six connections to a host
const OPEN = ["queued", "processing"];

const rows = new Map(); // id -> element
const files = new Map(); // id -> the file as last heard of
const followed = new Map(); // id -> AbortController
let next = null;
let loads = 0; // the latest list that was asked for wins
let arrived = []; // files that were accepted while a list was on its way, which may lack them

export function startFiles() {
  startUploads(accept);
  window.addEventListener("file-changed", ({ detail }) => {
    if (rows.has(detail.id)) put(detail, false);
    followOpen();
  });
  window.addEventListener("jobs-requeued", showFiles);
  $("#files-state").addEventListener("change", showFiles);
  $("#files-more").addEventListener("click", () => load(next));
}

export function showFiles() {
  showDead();
  return load(null);
}

export function leaveFiles() {
  for (const stop of followed.values()) stop.abort();
  followed.clear();
}

export function clearFiles() {
  leaveFiles();
  clearDead();
  rows.clear();
  files.clear();
  fill($("#files"));
  stopUploads();
}

function accept(file) {
  arrived.push(file);
  put(file, true);
  followOpen();
}

async function load(cursor) {
  loads += 1;
  arrived = [];
  const mine = loads;
  try {
    const answer = await api(pageAddress($("#files-state").value, cursor));
    if (mine !== loads) return;
    if (!cursor) {
      rows.clear();
      files.clear();
      fill($("#files"));
    }
    answer.items.forEach((file) => put(file, false));
    arrived.filter((file) => !rows.has(file.id)).forEach((file) => put(file, true));
    next = answer.next_cursor;
    $("#files-more").hidden = !next;
    if (!files.size) fill($("#files"), h("li", { class: "muted none" }, "Nothing here yet."));
    followOpen();
  } catch (error) {
    toast(error.message);
  }
}

function pageAddress(shown, cursor) {
  if (shown === "bin") return `/files/deleted${query({ limit: PAGE, cursor })}`;
  // Files found in a file are shown with it; those of one state wherever they are.
  return `/files${query({ state: shown === "open" ? OPEN : shown, parent: shown ? null : "none", limit: PAGE, cursor })}`;
}

function put(file, first) {
  const row = rowOf(file);
  if (rows.has(file.id)) rows.get(file.id).replaceWith(row);
  else {
    $("#files .none")?.remove();
    $("#files")[first ? "prepend" : "append"](row);
  }
  rows.set(file.id, row);
  files.set(file.id, file);
}

function drop(id) {
  rows.get(id)?.remove();
  rows.delete(id);
  files.delete(id);
  followed.get(id)?.abort();
}

// Follow the files that are being read, the oldest first because they are read first; the others get their turn.
function followOpen() {
  if ($("#view-files").hidden) return;
  const open = [...files.values()].filter((file) => isOpen(file) && !followed.has(file.id));
  open.sort((a, b) => (a.state === b.state ? a.id.localeCompare(b.id) : a.state === "processing" ? -1 : 1));
  for (const file of open.slice(0, Math.max(0, STREAMS - followed.size))) followOne(file.id);
}

async function followOne(id) {
  const stop = new AbortController();
  followed.set(id, stop);
  try {
    for await (const { data } of follow(`/files/${id}/events`, { signal: stop.signal, ends: ({ event }) => event === "done" })) {
      if (data.state && rows.has(id)) put(data, false);
    }
  } catch (error) {
    if (error.status === 404) drop(id);
  }
  followed.delete(id);
  if (!stop.signal.aborted) followOpen();
}

function rowOf(file) {
  if (file.deleted_at) return deletedRow(file);
  const run = (verb, body) => act(file, verb, body);
  return h("li", { class: `row ${file.state}`, "data-id": file.id },
    icon("file"),
    h("div", { class: "row-main" },
      h("a", { href: `#/file/${file.id}` }, h("strong", {}, file.name)),
      h("span", { class: "row-meta muted" },
        stateOf(file),
        h("span", {}, progressText(file)),
        file.folder && h("span", {}, file.folder),
        file.children?.count > 0 && h("a", { href: `#/file/${file.id}` }, file.children.count === 1 ? "one file in it" : `${file.children.count} files in it`),
        h("span", {}, size(file.size_bytes)),
        when(file.created_at),
        file.duplicate_of && h("span", {}, "same bytes as ", h("a", { href: `#/file/${file.duplicate_of}` }, "another file")),
      ),
      file.state === "processing" && progressOf(file),
      file.reason && h("p", { class: "reason" }, `${file.reason.message} `, h("span", { class: "muted" }, file.reason.remedy)),
      passwordForm(file, run),
    ),
    file.can_write && h("span", { class: "row-buttons" }, buttonsOf(file, run), button("Delete", file, () => remove(file))),
  );
}

function deletedRow(file) {
  return h("li", { class: "row", "data-id": file.id },
    icon("file"),
    h("div", { class: "row-main" },
      h("strong", {}, file.name),
      h("span", { class: "row-meta muted" }, file.folder && h("span", {}, file.folder), h("span", {}, "deleted ", when(file.deleted_at))),
    ),
    h("span", { class: "row-buttons" }, h("button", { type: "button", class: "button quiet", "aria-label": `Restore ${file.name}`, onclick: () => restore(file) }, "Restore")),
  );
}

async function act(file, verb, body) {
  try {
    await api(`/files/${file.id}/${verb}`, { method: "POST", body });
    put(await api(`/files/${file.id}`), false);
    followOpen();
  } catch (error) {
    toast(error.message);
  }
}

async function remove(file) {
  try {
    await api(`/files/${file.id}`, { method: "DELETE" });
    drop(file.id);
    toast(`Deleted ${file.name}. It is out of search and replies.`, { label: "Restore", run: () => restore(file) });
  } catch (error) {
    toast(error.message);
  }
}

async function restore(file) {
  try {
    await api(`/files/${file.id}/restore`, { method: "POST" });
    await load(null);
  } catch (error) {
    toast(error.message);
  }
}
