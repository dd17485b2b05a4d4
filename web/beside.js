// Replies to one question side by side: in columns while they are written and compared, until the conversation goes on
// from one of them. Which rows answer one question is said by data-parent.

import { $, h } from "./dom.js";
import { keepEnd } from "./log.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

// Put the row of a reply beside those that answer the same question; false where none is shown.
export function putBeside(row) {
  const shown = row.dataset.parent && $(`#messages .assistant[data-parent="${CSS.escape(row.dataset.parent)}"]`);
  if (!shown) return false;
  (shown.closest(".beside") ?? groupOf(shown)).append(row);
  return true;
}

// Show these in the place of the row that is among them.
export function showBeside(row, rows) {
  keepEnd(() => groupOf(row).replaceChildren(...rows));
  row.focus({ preventScroll: true });
}

function groupOf(row) {
  const group = h("div", { class: "beside", role: "group", "aria-label": "Replies side by side", onkeydown: step });
  row.replaceWith(group);
  group.append(row);
  return group;
}

// The conversation goes on from a message: if that is one of several replies, the others step back. Return its row then.
export function settle(id) {
  const row = id && $(`#messages .beside [data-id="${CSS.escape(id)}"]`);
  const group = row?.closest(".beside");
  if (!group || $("[aria-busy]", group)) return null; // one is being written still
  group.replaceWith(row);
  return row;
}

// If the message is one of several replies, mark it as the one that the conversation goes on from.
export function markChosen(id) {
  const group = $(`#messages .beside [data-id="${CSS.escape(id)}"]`)?.closest(".beside");
  for (const button of group?.querySelectorAll(".go-on") ?? []) {
    button.setAttribute("aria-pressed", String(button.closest(".message").dataset.id === id));
  }
}

// By the arrow keys from column to column, where no text is being written.
function step(event) {
  const row = event.target.closest(".message");
  if (!STEPS[event.key] || event.target.closest("input, textarea, pre")) return;
  const next = STEPS[event.key] < 0 ? row?.previousElementSibling : row?.nextElementSibling;
  if (!next) return;
  event.preventDefault();
  next.focus();
}
