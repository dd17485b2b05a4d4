// The list of conversations beside the chat, the last changed first.

import { $, fill, h, when } from "./dom.js";
import { api, query } from "./api.js";

const PAGE = 50;

let next = null;
let current = "";

export function startConversations() {
  $("#conversations-more").addEventListener("click", () => load(next));
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

async function load(cursor) {
  const answer = await api(`/conversations${query({ limit: PAGE, cursor })}`);
  const rows = answer.items.map((conversation) =>
    h("li", {},
      h("a", { href: `#/c/${conversation.id}`, "data-id": conversation.id },
        h("span", { class: "one-line" }, titleOf(conversation)),
        h("span", { class: "muted" }, when(conversation.updated_at)))));
  if (cursor) $("#conversations").append(...rows);
  else fill($("#conversations"), rows.length ? rows : h("li", { class: "muted none" }, "No conversations yet."));
  next = answer.next_cursor;
  $("#conversations-more").hidden = !next;
  markCurrent(current);
  return answer.items;
}
