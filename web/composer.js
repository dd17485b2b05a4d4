// Writing into a conversation: the message, who replies, the replies as they come, and stopping one.

import { $, fill, h, toast } from "./dom.js";
import { api } from "./api.js";
import { toEnd } from "./log.js";
import { liveReply, stopRun } from "./reply.js";

const MODEL = "recollect.model";
const NOBODY = "nobody";

let sent = { content: "", id: "" }; // what was sent last: once more under the same id, it is the same message
let chat; // {conversation, add, row, changed, finished} of chat.js
const watched = new Map(); // run id -> AbortController, in the order of their rows

export function startComposer(given) {
  chat = given;
  const text = $("#composer-text");
  $("#composer").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  $("#composer-stop").addEventListener("click", stopReply);
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  $("#composer-model").addEventListener("change", (event) => localStorage.setItem(MODEL, event.target.value));
}

export const focusComposer = () => $("#composer-text").focus();

export async function loadModels() {
  const { chat: models, can_rerank: canRerank } = await api("/models");
  const options = models.map((model) => h("option", { value: model.name }, labelOf(model)));
  fill($("#composer-model"), options, h("option", { value: NOBODY }, "nobody: only keep it"));
  const kept = localStorage.getItem(MODEL);
  const byDefault = models.find((model) => model.is_default)?.name;
  $("#search-rerank").hidden = !canRerank;
  $("#composer-model").value = kept === NOBODY || models.some((model) => model.name === kept) ? kept : byDefault;
}

function labelOf({ name, provider, health }) {
  const label = name === "extractive" ? "extracts, word for word" : name.replace(`${provider}:`, "");
  return health === "failing" ? `${label} (failing)` : label;
}

async function submit() {
  const input = $("#composer-text");
  const content = input.value.trim();
  if (!content || $("#composer-send").disabled) return;
  $("#composer-send").disabled = true;
  try {
    const conversation = await chat.conversation();
    const model = $("#composer-model").value;
    if (sent.content !== content) sent = { content, id: crypto.randomUUID?.() ?? `${Date.now()} ${Math.random()}` };
    const body = { content, client_id: sent.id };
    if (model !== NOBODY) body.reply = { model };
    const answer = await api(`/conversations/${conversation.id}/messages`, { method: "POST", body });
    sent = { content: "", id: "" };
    if (input.value.trim() === content) input.value = "";
    chat.add(chat.row(answer.message ?? answer));
    toEnd();
    chat.changed().catch(() => {});
    if (answer.run) watch(answer.run.id);
  } catch (error) {
    toast(error.message);
  } finally {
    $("#composer-send").disabled = false;
  }
}

// Show the reply of a run as it is written.
export const showLive = (runIds) => runIds.forEach(watch);

export function stopWatching() {
  for (const stop of watched.values()) stop.abort();
  watched.clear();
  showStop();
}

async function watch(runId) {
  if (watched.has(runId)) return;
  const stop = new AbortController();
  watched.set(runId, stop);
  showStop();
  const reply = liveReply(runId, { signal: stop.signal });
  reply.row.dataset.run = runId;
  chat.add(reply.row);
  const end = await reply.done;
  if (watched.get(runId) !== stop) return;
  watched.delete(runId);
  showStop();
  $("#chat-status").textContent = end?.state === "complete" ? "The reply is complete." : `The reply has ended: ${end?.state}.`;
  if (end?.message_id) chat.finished(reply.row, end.message_id).catch(() => {}); // a reload shows what can be done with it
  chat.changed().catch(() => {});
}

// The one that was asked for last.
async function stopReply() {
  const runId = [...watched.keys()].at(-1);
  if (!runId) return;
  $("#composer-stop").disabled = true;
  await stopRun(runId).catch((error) => toast(error.message));
  $("#composer-stop").disabled = false;
}

function showStop() {
  $("#composer-stop").hidden = !watched.size;
}
