// Writing into a conversation: the message, who replies, the reply as it comes, and stopping it.

import { $, fill, h, toast } from "./dom.js";
import { api } from "./api.js";
import { messageRow } from "./message.js";
import { forgetRun, liveReply, rememberRun, rememberedRun, stopRun } from "./reply.js";

const MODEL = "recollect.model";
const NOBODY = "nobody";

let chat; // {conversation, add, changed} of chat.js
let watching = null; // {runId, stop: AbortController}

export function startComposer(given) {
  chat = given;
  const text = $("#composer-text");
  $("#composer").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  $("#composer-stop").addEventListener("click", stop);
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  $("#composer-model").addEventListener("change", (event) => localStorage.setItem(MODEL, event.target.value));
}

export const focusComposer = () => $("#composer-text").focus();

export async function loadModels() {
  const { chat: models } = await api("/models");
  const options = models.map((model) => h("option", { value: model.name }, labelOf(model)));
  fill($("#composer-model"), options, h("option", { value: NOBODY }, "nobody: only keep it"));
  const kept = localStorage.getItem(MODEL);
  const byDefault = models.find((model) => model.is_default)?.name;
  $("#composer-model").value = kept === NOBODY || models.some((model) => model.name === kept) ? kept : byDefault;
}

function labelOf({ name, provider, health }) {
  const label = name === "extractive" ? "extracts, word for word" : name.replace(`${provider}:`, "");
  return health === "failing" ? `${label} (failing)` : label;
}

async function submit() {
  const input = $("#composer-text");
  const content = input.value.trim();
  if (!content || watching || $("#composer-send").disabled) return;
  $("#composer-send").disabled = true;
  try {
    const conversation = await chat.conversation();
    const model = $("#composer-model").value;
    const body = { content, client_id: crypto.randomUUID?.() ?? String(Date.now()) };
    if (model !== NOBODY) body.reply = { model };
    const answer = await api(`/conversations/${conversation.id}/messages`, { method: "POST", body });
    input.value = "";
    chat.add(messageRow(answer.message ?? answer)).toEnd();
    chat.changed().catch(() => {});
    if (answer.run) {
      rememberRun(conversation.id, answer.run.id);
      watch(conversation.id, answer.run.id);
    }
  } catch (error) {
    toast(error.message);
  } finally {
    $("#composer-send").disabled = false;
  }
}

// After a reload: go on with the run that this conversation waits for, unless its reply is among the messages.
export function showLive(conversation) {
  const runId = rememberedRun(conversation.id);
  if (!runId) return;
  if (conversation.messages.some((message) => message.run_id === runId)) forgetRun(conversation.id);
  else watch(conversation.id, runId);
}

export function stopWatching() {
  watching?.stop.abort();
  watching = null;
  showStop(false);
}

async function watch(conversationId, runId) {
  stopWatching();
  const mine = { runId, stop: new AbortController() };
  watching = mine;
  showStop(true);
  let place = null;
  const reply = liveReply(runId, {
    signal: mine.stop.signal,
    onChange: () => { if (place?.isAtEnd()) requestAnimationFrame(place.toEnd); },
  });
  place = chat.add(reply.row);
  place.toEnd();
  const end = await reply.done;
  if (watching !== mine) return;
  watching = null;
  showStop(false);
  if (end) forgetRun(conversationId);
  $("#chat-status").textContent = end?.state === "complete" ? "The reply is complete." : `The reply has ended: ${end?.state}.`;
  chat.changed().catch(() => {});
}

async function stop() {
  if (!watching) return;
  $("#composer-stop").disabled = true;
  await stopRun(watching.runId).catch((error) => toast(error.message));
  $("#composer-stop").disabled = false;
}

function showStop(running) {
  $("#composer-stop").hidden = !running;
  $("#composer-send").hidden = running;
}
