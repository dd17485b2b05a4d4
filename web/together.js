// What others do in the conversation that is shown: new messages, edits, deletions, replies that begin, who types, who is there.

import { $ } from "./dom.js";
import { api, myId } from "./api.js";
import { watchLive } from "./live.js";

let live = null; // of live.js
let names = new Map(); // account id -> name
let clearing = 0; // timer that takes away who types

// `chat` is how the conversation is shown: row(message), add(row), showRuns(ids), reload(), renamed(fields).
export function joinLive({ id, change_seq: after }, chat) {
  leaveLive();
  live = watchLive(`conversation:${id}`, { after, tell: (frame) => tell(frame, id, chat) });
}

export function leaveLive() {
  live?.stop();
  live = null;
  names = new Map();
  showTyping("");
}

export const typeLive = () => live?.type();

function tell({ event, data }, id, chat) {
  if (event === "message.created") created(data.message, chat);
  else if (event === "message.edited" || event === "message.deleted") rowOf(data.message.id)?.replaceWith(chat.row(data.message));
  else if (event === "run.started" && rowOf(data.run?.prompt_message_id) && !replyOf(data.run.id)) chat.showRuns([data.run.id]);
  else if (event === "conversation.updated") chat.renamed(data.conversation);
  else if (event === "member.changed") names = new Map();
  else if (event === "gap") chat.reload();
  else if (event === "typing" && data.account_id !== myId()) typing(id, data);
}

function created(message, chat) {
  showTyping("");
  const rows = [...document.querySelectorAll("#messages .message")];
  const last = rows.at(-1)?.dataset.id ?? null;
  if (rowOf(message.id) || (message.run_id && replyOf(message.run_id)) || message.parent_id !== last) return; // shown, or of another branch
  chat.add(chat.row(message));
}

async function typing(id, { account_id: who, for_s: seconds }) {
  if (!names.has(who)) {
    const { items } = await api(`/conversations/${id}/members`).catch(() => ({ items: [] }));
    names = new Map(items.map((member) => [member.principal_id, member.name]));
  }
  showTyping(`${names.get(who) ?? "Somebody"} is writing…`);
  clearing = setTimeout(() => showTyping(""), seconds * 1000);
}

function showTyping(text) {
  clearTimeout(clearing);
  $("#chat-typing").textContent = text;
}

const rowOf = (id) => id && $(`#messages [data-id="${CSS.escape(id)}"]`);
const replyOf = (run) => $(`#messages [data-run="${CSS.escape(run)}"]`);
