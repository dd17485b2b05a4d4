// Files that go with the next message: chosen, dropped or pasted, sent at once, each with how far it is, and a way out again.

import { $, fill, h, icon, report, size, toast } from "./dom.js";
import { api } from "./api.js";
import { nameFile } from "./attached.js";
import { isOpen, stateOf } from "./filestate.js";
import { watchLive } from "./live.js";
import { sendFile } from "./sending.js";

const MOST = 20; // the server takes no more with one message

const files = new Set(); // {file, chip, told, stop, done, id, error, live}
let last = Promise.resolve(); // of sending: one after the other, a browser has few connections

export function startAttaching() {
  const input = $("#composer-attach");
  input.addEventListener("change", () => { attach([...input.files]); input.value = ""; });
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
  for (const file of chosen.slice(0, room)) add(file);
}

// The ids of what goes with the message, once all of it is sent.
export async function attachedFiles() {
  const mine = [...files];
  await Promise.all(mine.map(({ done }) => done));
  const failed = mine.find((each) => each.error && files.has(each));
  if (failed) throw new Error(`${failed.file.name} was not sent: ${failed.error} Take it out, or try again.`);
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

function add(file) {
  const told = h("span", { class: "muted" });
  const each = { file, told, chip: h("li", { class: "chip" }), stop: new AbortController(), id: "", error: "", live: null };
  fill(each.chip, h("span", { class: "one-line" }, file.name), told,
    h("button", { type: "button", "aria-label": `Take ${file.name} out`, onclick: () => report(remove(each)) }, icon("close")));
  files.add(each);
  $("#composer-files").append(each.chip);
  fill(told, size(file.size));
  last = last.then(() => send(each));
  each.done = last;
}

async function send(each) {
  if (!files.has(each)) return;
  const { file, told } = each;
  each.error = "";
  const bar = h("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
  fill(told, bar, size(file.size));
  try {
    const sent = await sendFile({ file, folder: "" }, (share) => { bar.value = share; }, each.stop.signal);
    if (!files.has(each)) { await drop(sent.id).catch(() => {}); return; } // taken out when all of it was there
    each.id = sent.id;
    nameFile(sent);
    showState(each, sent);
    each.live = watchLive(`file:${sent.id}`, { after: 0, tell: ({ event, data }) => event === "file" && showState(each, data) });
  } catch (error) {
    if (each.stop.signal.aborted) return;
    each.error = error.message;
    const retry = h("button", { type: "button", class: "link", onclick: () => { each.done = send(each); } }, "Try again");
    fill(told, h("span", { class: "error", role: "alert" }, error.message), " ", retry);
  }
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
  if (each.id) await drop(each.id);
}

const drop = (id) => api(`/files/${id}`, { method: "DELETE" });

function forget(each) {
  each.live?.stop();
  each.chip.remove();
  files.delete(each);
}
