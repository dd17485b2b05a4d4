// Writing into a conversation: the message, who replies (one model, or several side by side), the replies as they come, and stopping.

import { $, fill, h, toast } from "./dom.js";
import { api } from "./api.js";
import { toEnd } from "./log.js";
import { attachedFiles, clearAttached, detach, startAttaching } from "./attach.js";
import { modelName } from "./message.js";
import { forgetOptions, replyOptions, startOptions } from "./options.js";
import { liveReply, runOf, stopRun } from "./reply.js";

const MODEL = "recollect.model";
const NOBODY = "nobody";
const MOST_MODELS = 4; // as many as the server has answer at once

let sent = { key: "", id: "" }; // what was sent last: once more under the same id, it is the same message
let chat; // {conversation, add, row, changed, finished} of chat.js
const watched = new Map(); // run id -> {stop, question}, in the order of their rows

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
  $("#composer-model").addEventListener("change", (event) => {
    localStorage.setItem(MODEL, event.target.value);
    showOthers();
  });
  $("#composer-others").addEventListener("change", showOthers);
  startAttaching();
  startOptions();
}

// Another person may sit here now.
export function clearComposer() {
  $("#composer-text").value = "";
  clearAttached();
  forgetOptions();
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
  fill($("#composer-choices"), models.map((model) =>
    h("label", { class: "option" }, h("input", { type: "checkbox", value: model.name }), ` ${labelOf(model)}`)));
  showOthers();
}

const labelOf = ({ name, health }) => (health === "failing" ? `${modelName(name)} (failing)` : modelName(name));

// Which models can be asked beside the one that is chosen, and how many are.
function showOthers() {
  const first = $("#composer-model").value;
  const boxes = [...document.querySelectorAll("#composer-choices input")];
  for (const box of boxes) box.closest("label").hidden = box.value === first;
  const chosen = othersNow().length;
  for (const box of boxes) box.disabled = !box.checked && chosen >= MOST_MODELS - 1;
  $("#composer-others").hidden = first === NOBODY || boxes.length < 2;
  $("#composer-options").hidden = first === NOBODY;
  $("#composer-others summary").textContent = chosen ? `and ${chosen} more` : "and others";
}

function othersNow() {
  const first = $("#composer-model").value;
  if (first === NOBODY) return [];
  return [...document.querySelectorAll("#composer-choices :checked")].map(({ value }) => value).filter((name) => name !== first);
}

async function submit() {
  const input = $("#composer-text");
  const content = input.value.trim();
  if (!content || $("#composer-send").disabled) return;
  $("#composer-send").disabled = true;
  $("#composer-others").open = false;
  try {
    const attachments = await attachedFiles();
    const conversation = await chat.conversation();
    const model = $("#composer-model").value;
    const others = othersNow();
    const key = JSON.stringify([content, attachments]);
    if (sent.key !== key) sent = { key, id: crypto.randomUUID?.() ?? `${Date.now()} ${Math.random()}` };
    const body = { content, client_id: sent.id, attachments };
    if (model !== NOBODY && !others.length) body.reply = { model, ...replyOptions() };
    const answer = await api(`/conversations/${conversation.id}/messages`, { method: "POST", body });
    const message = answer.message ?? answer;
    chat.add(chat.row(message));
    toEnd();
    const runs = others.length ? await askAll(message.id, [model, ...others]) : [answer.run].filter(Boolean);
    sent = { key: "", id: "" };
    detach(attachments);
    if (input.value.trim() === content) input.value = "";
    chat.changed().catch(() => {});
    showLive(runs.map(({ id }) => ({ id, question: message.id })));
  } catch (error) {
    toast(error.message);
  } finally {
    $("#composer-send").disabled = false;
  }
}

// Asked once more after a failure, it is the same question: the key is the message's.
async function askAll(messageId, models) {
  const headers = { "Idempotency-Key": `side by side ${sent.id}` };
  return (await api(`/messages/${messageId}/side-by-side`, { method: "POST", headers, body: { models, reply: replyOptions() } })).runs;
}

// Show the replies of runs as they are written; whose `question` is not known, it is asked for.
export const showLive = (runs) => runs.forEach(watch);

export function stopWatching() {
  for (const { stop } of watched.values()) stop.abort();
  watched.clear();
  showStop();
}

async function watch({ id, question }) {
  if (watched.has(id)) return;
  const mine = { stop: new AbortController(), question };
  watched.set(id, mine);
  showStop();
  mine.question ??= (await runOf(id).catch(() => null))?.prompt_message_id;
  if (watched.get(id) !== mine) return;
  const reply = liveReply({ id, question: mine.question }, { signal: mine.stop.signal });
  chat.add(reply.row);
  const end = await reply.done;
  if (watched.get(id) !== mine) return;
  watched.delete(id);
  showStop();
  $("#chat-status").textContent = end?.state === "complete" ? "The reply is complete." : `The reply has ended: ${end?.state}.`;
  if (end?.message_id) chat.finished(reply.row, end.message_id).catch(() => {}); // a reload shows what can be done with it
  chat.changed().catch(() => {});
}

// The one that was asked for last, with those beside it.
async function stopReply() {
  const last = [...watched.values()].at(-1);
  const runs = [...watched].filter(([, { question }]) => question === last?.question).map(([id]) => id);
  $("#composer-stop").disabled = true;
  await Promise.all(runs.map(stopRun)).catch((error) => toast(error.message));
  $("#composer-stop").disabled = false;
}

function showStop() {
  $("#composer-stop").hidden = !watched.size;
}
