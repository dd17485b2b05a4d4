// The list of conversations beside the chat, the last changed first.

import { $, fill, h, toast, when } from "./dom.js";
import { api, query } from "./api.js";

const PAGE = 50;
const MOST_UNREAD = 100; // as far as the server counts

let next = null;
let current = "";
let typing = 0;

export function startConversations() {
  $("#conversations-more").addEventListener("click", () => load(next));
  $("#conversations-q").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(look, 200); });
  $("#conversations-archived").addEventListener("change", look);
  $("#conversations-import").addEventListener("change", takeIn);
}

const look = () => load(null).catch((error) => toast(error.message));

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

export const showConversations = () => load(null);

export function markCurrent(id) {
  current = id;
  for (const link of document.querySelectorAll("#conversations a")) {
    if (link.dataset.id === id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

export function clearConversations() {
  fill($("#conversations"));
}

// Its messages were shown to their end.
export function markRead(id) {
  $(`#conversations a[data-id="${CSS.escape(id)}"] .badge`)?.remove();
}

async function load(cursor) {
  const q = $("#conversations-q").value.trim() || null;
  const archived = $("#conversations-archived").checked || null;
  const answer = await api(`/conversations${query({ limit: PAGE, cursor, q, archived })}`);
  const rows = answer.items.map((conversation) =>
    h("li", {},
      h("a", { href: `#/c/${conversation.id}`, "data-id": conversation.id },
        h("span", { class: "one-line" }, titleOf(conversation)),
        conversation.unread > 0 && h("span", { class: "badge" }, conversation.unread >= MOST_UNREAD ? `${MOST_UNREAD}+` : String(conversation.unread), h("span", { class: "unseen" }, " unread")),
        h("span", { class: "muted" }, when(conversation.updated_at)))));
  if (cursor) $("#conversations").append(...rows);
  else fill($("#conversations"), rows.length ? rows : h("li", { class: "muted none" }, q || archived ? "None." : "No conversations yet."));
  next = answer.next_cursor;
  $("#conversations-more").hidden = !next;
  markCurrent(current);
  return answer.items;
}
