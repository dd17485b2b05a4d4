// Files that go with the next message: chosen, dropped or pasted, and sent at once, or there already; each with how far it is,
// and a way out again.

import { $, fill, h, icon, report, size, toast } from "./dom.js";
import { api, query } from "./api.js";
import { nameFile } from "./attached.js";
import { isOpen, stateOf } from "./filestate.js";
import { watchLive } from "./live.js";
import { sendFile } from "./sending.js";

const MOST = 20; // the server takes no more with one message
const FEW = 5; // files that are offered
const TYPING_MS = 200;

const files = new Set(); // {name, chip, told, stop, done, id, error, live, isSent: for this message alone}
let timer = 0;
let last = Promise.resolve(); // of sending: one after the other, a browser has few connections

export function startAttaching() {
  const input = $("#composer-attach");
  input.addEventListener("change", () => { attach([...input.files]); input.value = ""; close(); });
  $("#composer-find").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => report(offer()), TYPING_MS); });
  $("#composer-find").addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it would send the message
  });
  $("#composer-text").addEventListener("paste", (event) => {
    const pasted = [...event.clipboardData.files];
    if (!pasted.length) return;
    event.preventDefault();
    attach(pasted);
  });
}

export function attach(chosen) {
  const room = Math.max(0, MOST - files.size);
  if (chosen.length > room) toast(`A message takes ${MOST} files at most.`);
  for (const file of chosen.slice(0, room)) {
    const each = add(file.name, { isSent: true });
    fill(each.told, size(file.size));
    last = last.then(() => send(each, file));
    each.done = last;
  }
}

function close() {
  $("#composer-add").open = false;
  $("#composer-find").value = "";
  fill($("#composer-found"));
  $("#composer-text").focus();
}

// Files that are there already, by a part of their names.
async function offer() {
  const name = $("#composer-find").value.trim();
  const { items } = name ? await api(`/files${query({ name, limit: FEW })}`) : { items: [] };
  if (name !== $("#composer-find").value.trim()) return;
  const option = (file) => h("button", { type: "button", class: "option one-line", onclick: () => take(file) }, file.name);
  fill($("#composer-found"), items.map(option), name && !items.length && h("p", { class: "muted" }, "No file of that name."));
}

function take(file) {
  close();
  if ([...files].some(({ id }) => id === file.id)) return;
  if (files.size >= MOST) return void toast(`A message takes ${MOST} files at most.`);
  arrived(add(file.name, { isSent: false }), file);
}

// The ids of what goes with the message, once all of it is sent.
export async function attachedFiles() {
  const mine = [...files];
  await Promise.all(mine.map(({ done }) => done));
  const failed = mine.find((each) => each.error && files.has(each));
  if (failed) throw new Error(`${failed.name} was not sent: ${failed.error} Take it out, or try again.`);
  return mine.filter((each) => files.has(each)).map(({ id }) => id);
}

// These went with a message.
export function detach(ids) {
  for (const each of [...files].filter(({ id }) => ids.includes(id))) forget(each);
}

// Nothing goes with the next message; what is on its way is stopped.
export function clearAttached() {
  for (const each of [...files]) {
    each.stop.abort();
    forget(each);
  }
}

function add(name, { isSent }) {
  const told = h("span", { class: "muted" });
  const each = { name, told, isSent, chip: h("li", { class: "chip" }), stop: new AbortController(), done: null, id: "", error: "", live: null };
  fill(each.chip, h("span", { class: "one-line" }, name), told,
    h("button", { type: "button", "aria-label": `Take ${name} out`, onclick: () => report(remove(each)) }, icon("close")));
  files.add(each);
  $("#composer-files").append(each.chip);
  return each;
}

async function send(each, file) {
  if (!files.has(each)) return;
  const { told } = each;
  each.error = "";
  const bar = h("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
  const note = h("span", {}, size(file.size));
  fill(told, bar, note);
  const progress = (share) => {
    bar.value = share;
    fill(note, size(file.size));
  };
  try {
    const sent = await sendFile({ file, folder: "" }, progress, each.stop.signal, (text) => fill(note, text));
    if (!files.has(each)) { await drop(sent.id).catch(() => {}); return; } // taken out when all of it was there
    arrived(each, sent);
  } catch (error) {
    if (each.stop.signal.aborted) return;
    each.error = error.message;
    const retry = h("button", { type: "button", class: "link", onclick: () => { each.done = send(each, file); } }, "Try again");
    fill(told, h("span", { class: "error", role: "alert" }, error.message), " ", retry);
  }
}

function arrived(each, file) {
  each.id = file.id;
  nameFile(file);
  showState(each, file);
  if (isOpen(file)) each.live = watchLive(`file:${file.id}`, { after: 0, tell: ({ event, data }) => event === "file" && showState(each, data) });
}

// What is not read yet cannot be found by a reply.
function showState(each, file) {
  fill(each.told, file.state !== "ready" && stateOf(file));
  each.told.title = file.reason?.message ?? (isOpen(file) ? "A reply finds what is in it once it is read." : "");
  if (!isOpen(file)) each.live?.stop();
}

// A file that was sent for this message alone goes to the bin.
async function remove(each) {
  each.stop.abort();
  forget(each);
  $("#composer-text").focus();
  if (each.id && each.isSent) await drop(each.id);
}

const drop = (id) => api(`/files/${id}`, { method: "DELETE" });

function forget(each) {
  each.live?.stop();
  each.chip.remove();
  files.delete(each);
}
