// The list of conversations beside the chat, the last changed first: it follows what happens in those that it shows, and looks
// now and then for what happens in all others.

import { $, fill, h, report, toast, when } from "./dom.js";
import { api, myId, query } from "./api.js";
import { watchLive } from "./live.js";
import { isInSight } from "./seen.js";

const PAGE = 50;
const MOST_UNREAD = 100; // as far as the server counts
const AGAIN_MS = 500;
const MOST_WATCHED = 80; // of the 100 topics that a connection may watch
const LOOK_MS = 30_000; // what is news where nothing is watched

let next = null;
let current = "";
let typing = 0;
let turn = 0; // of reading the list: the latest one wins
let again = 0; // timer of reading the list anew
let shown = PAGE; // rows: as many are read anew
const watched = new Map(); // conversation id -> {conversation, stop}

export function startConversations() {
  $("#conversations-more").addEventListener("click", () => report(load(next)));
  $("#conversations-q").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(look, 200); });
  $("#conversations-archived").addEventListener("change", look);
  $("#conversations-import").addEventListener("change", takeIn);
  window.addEventListener("let-in", lookAgain);
  document.addEventListener("visibilitychange", lookIfSeen);
  setInterval(lookIfSeen, LOOK_MS);
}

function lookIfSeen() {
  if (!document.hidden && !$("#view-c").hidden && !$("#app").hidden) lookAgain();
}

const look = () => report(load(null));

// A file that an export wrote becomes a conversation.
async function takeIn({ target }) {
  const [file] = target.files;
  target.value = "";
  if (!file) return;
  try {
    const made = await api("/conversations/import", { method: "POST", file });
    location.hash = `#/c/${made.id}`;
    if (made.unverified) toast(`${made.unverified} of its citations could not be verified here.`);
  } catch (error) {
    toast(error.message);
  }
}

export const titleOf = (conversation) => conversation.title || "New conversation";

export const showConversations = reload;

export function markCurrent(id) {
  current = id;
  for (const link of document.querySelectorAll("#conversations a")) {
    if (link.dataset.id === id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

export function clearConversations() {
  turn += 1;
  clearTimeout(again);
  watched.forEach(({ stop }) => stop());
  watched.clear();
  shown = PAGE;
  fill($("#conversations"));
}

// The first page, or with a cursor the next one.
async function load(cursor) {
  const mine = begin();
  const { items, next_cursor: after } = await page(cursor);
  if (mine !== turn) return;
  if (cursor) $("#conversations").append(...items.map(rowOf));
  else list(items);
  shown = Math.max(PAGE, $("#conversations").children.length);
  show(items, { only: !cursor, after });
}

// All that is shown, as it is now.
async function reload() {
  const mine = begin();
  const items = [];
  let after = null;
  do {
    const answer = await page(after);
    items.push(...answer.items);
    after = answer.next_cursor;
  } while (after && items.length < shown && mine === turn);
  if (mine === turn) {
    list(items);
    show(items, { only: true, after });
  }
  return items;
}

const begin = () => { turn += 1; return turn; };

const asked = () => ({ q: $("#conversations-q").value.trim() || null, archived: $("#conversations-archived").checked || null });

const page = (cursor) => api(`/conversations${query({ limit: PAGE, cursor, ...asked() })}`);

// The row that has the focus keeps it.
function list(items) {
  const focused = $("#conversations a:focus")?.dataset.id;
  const { q, archived } = asked();
  fill($("#conversations"), items.length ? items.map(rowOf) : h("li", { class: "muted none" }, q || archived ? "None." : "No conversations yet."));
  if (focused) $(`#conversations a[data-id="${CSS.escape(focused)}"]`)?.focus();
}

function show(items, { only, after }) {
  follow(items, { only });
  next = after;
  $("#conversations-more").hidden = !next;
  markCurrent(current);
}

function rowOf(conversation) {
  const { id, unread } = conversation;
  return h("li", {},
    h("a", { href: `#/c/${id}`, "data-id": id, "aria-current": id === current && "true" },
      h("span", { class: "one-line", title: titleOf(conversation) }, titleOf(conversation)),
      unread > 0 && h("span", { class: "badge" }, unread >= MOST_UNREAD ? `${MOST_UNREAD}+` : String(unread), h("span", { class: "unseen" }, " unread")),
      h("span", { class: "muted" }, when(conversation.updated_at))));
}

// Watch the first of these, and with `only` no others any more.
function follow(conversations, { only }) {
  const first = conversations.slice(0, MOST_WATCHED);
  const listed = new Map(first.map((conversation) => [conversation.id, conversation]));
  for (const [id, { conversation, stop }] of watched) {
    if (listed.has(id)) Object.assign(conversation, listed.get(id));
    else if (only) {
      stop();
      watched.delete(id);
    }
  }
  for (const conversation of first) {
    const { id, change_seq: after } = conversation;
    if (watched.has(id) || watched.size >= MOST_WATCHED) continue;
    watched.set(id, { conversation, stop: watchLive(`conversation:${id}`, { after, tell: (frame) => tell(conversation, frame) }).stop });
  }
}

function tell(conversation, { event, data }) {
  if (event === "message.created") {
    const isNews = data.message.author_id !== myId() && !isInSight(conversation.id);
    Object.assign(conversation, { last_seq: data.message.seq, updated_at: data.message.created_at, unread: isNews ? conversation.unread + 1 : conversation.unread });
    redraw(conversation, { first: true });
  } else if (event === "conversation.updated") {
    redraw(Object.assign(conversation, { title: data.conversation.title }));
  } else if (event === "read.changed" && data.account_id === myId()) {
    if (data.read_seq < conversation.last_seq) lookAgain(); // how much of the rest is new, the server counts
    else redraw(Object.assign(conversation, { unread: 0 }));
  } else if (["error", "gap", "message.deleted"].includes(event)) {
    if (event === "error") watched.delete(conversation.id);
    lookAgain();
  }
}

function lookAgain() {
  clearTimeout(again);
  again = setTimeout(() => reload().catch(() => {}), AGAIN_MS); // the next change looks again
}

function redraw(conversation, { first = false } = {}) {
  const old = $(`#conversations a[data-id="${CSS.escape(conversation.id)}"]`)?.parentElement;
  if (!old) return;
  const isFocused = old.contains(document.activeElement);
  const row = rowOf(conversation);
  old.replaceWith(row);
  if (first) $("#conversations").prepend(row);
  if (isFocused) $("a", row).focus();
}
