// What people put on a message: reactions, which are each person's own, and the pin, which is for all.

import { fill, h, toast } from "./dom.js";
import { api } from "./api.js";

const OFFERED = ["👍", "❤", "😂", "🎉", "👀", "✅"];

export function marksOf(message, { canPin }) {
  const place = h("div", { class: "marks" });
  const state = { reactions: message.reactions ?? [], isPinned: Boolean(message.is_pinned) };
  draw(place, message.id, state, canPin);
  return place;
}

function draw(place, id, state, canPin) {
  const again = () => draw(place, id, state, canPin);
  const change = (emoji, isMine) => report((async () => {
    await api(`/messages/${id}/reactions/${encodeURIComponent(emoji)}`, { method: isMine ? "DELETE" : "PUT" });
    state.reactions = (await api(`/messages/${id}/reactions`)).items;
    again();
  })());
  const pin = () => report((async () => {
    await api(`/messages/${id}/pin`, { method: state.isPinned ? "DELETE" : "PUT" });
    state.isPinned = !state.isPinned;
    again();
  })());
  const counted = state.reactions.map(({ emoji, count, is_mine: isMine }) =>
    h("button", { type: "button", class: "reaction", "aria-pressed": String(isMine), "aria-label": `${emoji} ${count}`, onclick: () => change(emoji, isMine) }, `${shown(emoji)} ${count}`));
  const known = new Set(state.reactions.map(({ emoji }) => emoji));
  fill(place, counted,
    h("details", { class: "menu" }, h("summary", { class: "link", "aria-label": "React" }, "☺"),
      h("div", { class: "menu-panel offered" }, OFFERED.filter((emoji) => !known.has(emoji)).map((emoji) =>
        h("button", { type: "button", class: "reaction", onclick: () => change(emoji, false) }, shown(emoji))))),
    canPin && h("button", { type: "button", class: "link", onclick: pin }, state.isPinned ? "Unpin" : "Pin"),
    !canPin && state.isPinned && h("span", { class: "muted" }, "Pinned"));
}

// In colour, where a character could be shown as text.
const shown = (emoji) => `${emoji}\ufe0f`;

async function report(work) {
  try {
    await work;
  } catch (error) {
    toast(error.message);
  }
}
