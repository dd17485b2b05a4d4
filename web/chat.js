// One conversation: its messages around a place, and what is written into it.

import { $, fill, h, report, toast } from "./dom.js";
import { api, query, withWorkspace } from "./api.js";
import { markChosen, putBeside, settle, showBeside } from "./beside.js";
import { messageTools, startBranches } from "./branches.js";
import { clearConversations, markCurrent, showConversations, startConversations, titleOf } from "./conversations.js";
import { focusComposer, showLive, startComposer, stopWatching } from "./composer.js";
import { replyThumbs } from "./feedback.js";
import { isAtEnd, keepEnd, startLog, toEnd } from "./log.js";
import { marksOf } from "./marks.js";
import { moveOptions, showOptions } from "./options.js";
import { messageRow, nameModel, showReply } from "./message.js";
import { startPeople } from "./people.js";
import { drawReaders } from "./company.js";
import { runOf } from "./reply.js";
import { lookSoon, startSeen } from "./seen.js";
import { joinLive, leaveLive, typeLive } from "./together.js";

const GONE = "This conversation or message was deleted, or it is not shared with you.";
const WINDOW = 40; // messages shown on either side of a place, and added by each "show more"

let open = null; // the conversation that is shown
let turn = 0; // of fetching: the latest one wins

export function startChat() {
  startConversations();
  startComposer({ conversation: openOrCreate, add: addRow, row: rowOf, changed: refresh, finished });
  startBranches({
    canWrite: () => Boolean(open?.can_write),
    show: showVersion, answer: showAnswer, read: async (id) => (await readMessage(id)).message, beside: showReplies, choose,
  });
  startPeople(() => open);
  startLog();
  startSeen(() => open);
  $("#composer-text").addEventListener("input", typeLive);
  $("#chat-new").addEventListener("click", () => { location.hash = "#/c/new"; });
  $("#chat-rename").addEventListener("click", rename);
  $("#chat-archive").addEventListener("click", archive);
  $("#chat-delete").addEventListener("click", remove);
}

export function showChat(id, parameters) {
  $("#view-c").classList.toggle("listing", !id);
  markCurrent(id ?? "");
  report(showConversations()); // not waited for: who writes at once is not to be sent away again
  if (!id || id === "new") showNew(Boolean(id));
  else if (open?.id !== id || parameters.get("m")) report(load(id, parameters));
}

// What was written may have named the conversation.
async function refresh() {
  const listed = await showConversations();
  const mine = listed.find((conversation) => conversation.id === open?.id);
  if (mine) head(open = { ...open, ...mine });
}

export function clearChat() {
  turn += 1;
  stopWatching();
  leaveLive();
  open = null;
  clearConversations();
  fill($("#messages"));
}

function showNew(focus) {
  if (open || !$("#messages .empty")) {
    stopWatching();
    leaveLive();
    open = null;
    turn += 1;
    showOptions();
    head(null);
    fill($("#messages"), h("div", { class: "empty" },
      h("p", {}, "Ask a question. The reply is written from your messages and files, and each claim opens at the words it rests on.")));
  }
  if (focus || matchMedia("(min-width: 760px)").matches) focusComposer();
}

async function load(id, parameters) {
  turn += 1;
  const mine = turn;
  const m = parameters.get("m");
  stopWatching();
  leaveLive();
  try {
    const answer = await api(`/conversations/${encodeURIComponent(id)}${query({ around: m, before: WINDOW, after: WINDOW })}`);
    if (mine !== turn) return;
    if (open?.id !== id) showOptions(id);
    open = answer;
    show(answer, m, parameters);
    join();
  } catch (error) {
    if (mine === turn) showGone(error.status === 404 ? GONE : error.message);
  }
}

function showGone(why) {
  stopWatching();
  leaveLive();
  open = null;
  head(null);
  $("#chat-title").textContent = "Conversation";
  $("#composer").hidden = true;
  fill($("#messages"), h("p", { class: "notice" }, why));
}

function show(conversation, m, parameters) {
  head(conversation);
  const quote = parameters.has("start") && { start: Number(parameters.get("start")), end: Number(parameters.get("end")) };
  const rows = conversation.messages.map((message) => rowOf(message, message.id === m && quote));
  fill($("#messages"), conversation.has_before && stepButton("before"), rows, conversation.has_after && stepButton("after"));
  const target = m && $(`[data-id="${CSS.escape(m)}"]`, $("#messages"));
  if (!conversation.has_after) showLive(liveRunsOf(conversation));
  lookSoon();
  if (!target) return toEnd();
  target.classList.add("found");
  (target.querySelector("mark") ?? target).scrollIntoView({ block: "center" });
  return target.focus({ preventScroll: true });
}

// What stands at the end is told as it happens; who reads further up sees it when he comes down.
function join() {
  const { id } = open;
  joinLive(open, {
    row: rowOf,
    add: (row) => {
      if (open?.has_after) return;
      addRow(row);
      lookSoon();
    },
    showRuns: (runs) => { if (!open?.has_after) showLive(runs); },
    reload: () => report(load(id, new URLSearchParams())),
    moved: () => report(moved(id)),
    branched: (beside) => report(branched(id, beside)),
    gone: () => showGone(GONE),
    renamed: (fields) => { head(open = { ...open, title: fields.title }); showConversations().catch(() => {}); },
  });
}

// Another branch was chosen in another window, or begun by another reply that was asked for.
async function moved(id) {
  const mine = turn;
  const isRead = await readsOn(id);
  if (mine === turn && !isRead) await load(id, new URLSearchParams());
}

// Somebody began another branch, perhaps beside a message that is shown; who has chosen none reads it from now on.
async function branched(id, beside) {
  if (open?.has_after && !beside) return;
  const mine = turn;
  const isRead = await readsOn(id);
  if (mine !== turn) return;
  if (!isRead && !open.has_after && isAtEnd()) await load(id, new URLSearchParams());
  else if (beside) await finished($(`[data-id="${CSS.escape(beside)}"]`, $("#messages")), beside);
}

// Whether the end of what this person reads is shown; a reply that has just ended may be known by its run alone.
async function readsOn(id) {
  const { active_leaf_id: leaf, messages } = await api(`/conversations/${id}${query({ before: 1 })}`);
  const run = messages.find((message) => message.id === leaf)?.run_id;
  if (leaf) markChosen(leaf);
  return Boolean(leaf && (rowWith("id", leaf) || (run && rowWith("run", run))));
}

// Whoever opens the conversation, in whichever tab, follows the replies that are being written.
function liveRunsOf({ live_runs: runs, messages }) {
  return runs.filter((run) => !messages.some((message) => message.run_id === run)).map((id) => ({ id }));
}

function head(conversation) {
  $("#chat-title").textContent = conversation ? titleOf(conversation) : "New conversation";
  $("#chat-rename").hidden = !conversation?.can_write;
  $("#chat-delete").hidden = !conversation?.is_owner;
  $("#chat-more").hidden = !conversation;
  $("#people-open").hidden = !conversation;
  $("#chat-archive").textContent = conversation?.is_archived ? "Take out of the archive" : "Archive";
  for (const link of document.querySelectorAll("#chat-more a[data-format]")) {
    link.href = conversation ? withWorkspace(`/api/v1/conversations/${conversation.id}/export?format=${link.dataset.format}`) : "";
  }
  $("#composer").hidden = Boolean(conversation && !conversation.can_write);
}

function rowOf(message, quote) {
  const row = messageRow(message, { quote });
  row.append(handlesOf(message));
  if (message.role === "assistant" && message.run_id && !message.deleted_at) toldSoon(row, message);
  return row;
}

// What can be done with a message, and what people put on it.
function handlesOf(message) {
  const marks = !message.deleted_at && marksOf(message, { canPin: Boolean(open?.can_write) });
  return h("footer", { class: "message-foot" }, messageTools(message), marks);
}

// A reply's citations, its model, how it ended and what one said of it are fetched when it comes into sight.
function toldSoon(row, message) {
  const seen = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    seen.disconnect();
    const run = await runOf(message.run_id).catch(() => null); // the next look shows it
    if (!run) return;
    keepEnd(() => {
      nameModel(row, run.answered_by || run.model);
      showReply($(".body", row), { text: message.content, citations: run.citations, end: run });
      if (!$(".thumbs", row)) $(".marks", row)?.before(...[replyThumbs(message.id, run)].flat().filter(Boolean));
    });
  });
  seen.observe(row);
}

// Another version of a message, and what was said after it: from now on that is what this person reads.
async function showVersion(id) {
  await api(`/conversations/${open.id}/active-leaf`, { method: "PUT", body: { message_id: id } });
  await load(open.id, new URLSearchParams({ m: id }));
}

// Another reply is written where the one that it stands beside was shown.
function showAnswer(questionId, runId) {
  const rows = [...$("#messages").children];
  const question = rows.findIndex((row) => row.dataset.id === questionId);
  const isBeside = (row) => row.matches(".beside") && $(`[data-parent="${CSS.escape(questionId)}"]`, row);
  if (question >= 0) rows.slice(question + 1).filter((row) => !isBeside(row)).forEach((row) => row.remove());
  showLive([{ id: runId, question: questionId }]);
}

// The replies to one question in columns, where one of them is shown.
function showReplies(id, messages) {
  const row = rowWith("id", id);
  showBeside(row, messages.map((message) => (message.id === id ? row : rowOf(message))));
  markChosen(id);
}

// The next message is to follow this reply; what followed another one is not read any more.
async function choose(id) {
  const { active_leaf_id: leaf } = await api(`/conversations/${open.id}/active-leaf`, { method: "PUT", body: { message_id: id } });
  const isLast = leaf === id && rowWith("id", id)?.parentElement === $("#messages").lastElementChild;
  if (isLast) markChosen(id);
  else await load(open.id, new URLSearchParams({ m: id }));
}

async function readMessage(id) {
  const { messages: [message], active_leaf_id: leaf } = await api(`/conversations/${open.id}${query({ around: id, before: 0, after: 0 })}`);
  return { message, leaf };
}

const rowWith = (name, value) => $(`[data-${name}="${CSS.escape(value)}"]`, $("#messages"));

// What can be done with a message is known when it stands in the conversation, and changes with the versions beside it.
async function finished(row, id) {
  if (!open) return;
  const { message, leaf } = await readMessage(id);
  if (!row?.isConnected || !message) return;
  Object.assign(row.dataset, { seq: message.seq, parent: message.parent_id });
  $(".message-foot", row)?.remove();
  keepEnd(() => row.append(handlesOf(message)));
  if (message.run_id) toldSoon(row, message);
  if (leaf) markChosen(leaf);
  drawReaders();
  lookSoon();
}

// The end has been reached: what comes is shown from now on.
function goOn(answer) {
  open.has_after = false;
  showLive(liveRunsOf(answer));
  lookSoon();
}

function stepButton(side) {
  const before = side === "before";
  const run = async (event) => {
    const button = event.currentTarget;
    const list = $("#messages");
    const rows = list.querySelectorAll(".message[data-id]:not([data-id=''])");
    const place = (before ? rows[0] : rows[rows.length - 1]).dataset.id;
    const answer = await api(`/conversations/${open.id}${query({ around: place, before: before ? WINDOW : 0, after: before ? 0 : WINDOW })}`);
    const more = answer.messages.filter((message) => message.id !== place).map((message) => rowOf(message));
    const height = list.scrollHeight;
    if (before) button.after(...more);
    else button.before(...more);
    if (before) list.scrollTop += list.scrollHeight - height;
    if (!(before ? answer.has_before : answer.has_after)) button.remove();
    if (!before && !answer.has_after) goOn(answer);
  };
  return h("button", { type: "button", class: "button wide", onclick: (event) => report(run(event)) }, before ? "Show earlier" : "Show later");
}

// A row at the end of the conversation.
function addRow(row) {
  $("#messages .empty")?.remove();
  const known = row.dataset.id && $(`[data-id="${CSS.escape(row.dataset.id)}"]`, $("#messages"));
  keepEnd(() => {
    if (known) known.replaceWith(row); // told before it was answered
    else if (!row.matches(".assistant") || !putBeside(row)) $("#messages").append(row);
  });
  const settled = settle(row.dataset.parent);
  if (settled) report(finished(settled, settled.dataset.id));
  drawReaders();
}

async function openOrCreate() {
  if (open?.has_after) await load(open.id, new URLSearchParams());
  if (open) return open;
  open = await api("/conversations", { method: "POST", body: {} });
  turn += 1;
  moveOptions(open.id);
  fill($("#messages"));
  head(open);
  join();
  history.replaceState(null, "", `#/c/${open.id}`);
  $("#view-c").classList.remove("listing");
  markCurrent(open.id);
  return open;
}

async function rename() {
  const title = prompt("Name of the conversation", open.title)?.trim();
  $("#chat-more").open = false;
  if (!title) return;
  await report((async () => {
    open = { ...open, ...(await api(`/conversations/${open.id}`, { method: "PATCH", body: { title } })) };
    head(open);
    await showConversations();
  })());
}

async function archive() {
  const { id, is_archived: was } = open;
  await report((async () => {
    const changed = await api(`/conversations/${id}`, { method: "PATCH", body: { archived: !was } });
    head(open = { ...open, ...changed });
    $("#chat-more").open = false;
    await showConversations();
    toast(was ? "Back in the list." : "Archived: it is found by the box under Archived.");
  })());
}

async function remove() {
  const { id, title } = open;
  $("#chat-more").open = false;
  await report((async () => {
    await api(`/conversations/${id}`, { method: "DELETE" });
    open = null;
    location.hash = "#/c";
    toast(`Deleted ${title || "the conversation"}.`, { label: "Restore", run: () => report(restore(id)) });
  })());
}

async function restore(id) {
  await api(`/conversations/${id}/restore`, { method: "POST" });
  location.hash = `#/c/${id}`;
}
