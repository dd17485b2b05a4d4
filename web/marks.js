// What people put on a message: reactions, which are each person's own, and the pin, which is for all.

import { $, fill, h, report } from "./dom.js";
import { api } from "./api.js";

const OFFERED = ["👍", "❤", "😂", "🎉", "👀", "✅"];

const shownAs = new WeakMap(); // place -> {state, again}

export function marksOf(message, { canPin }) {
  const place = h("div", { class: "marks" });
  const state = { reactions: message.reactions ?? [], isPinned: Boolean(message.is_pinned) };
  draw(place, message.id, state, canPin);
  return place;
}

export const marksIn = (row) => shownAs.get($(".marks", row))?.state ?? { reactions: [], isPinned: false };

// Others reacted to the message of a row, or pinned it; the focus stays where it was.
export function changeMarks(row, change) {
  const marks = row && shownAs.get($(".marks", row));
  if (!marks) return;
  Object.assign(marks.state, change);
  marks.again();
}

function draw(place, id, state, canPin) {
  const again = () => keepingFocus(place, () => draw(place, id, state, canPin));
  shownAs.set(place, { state, again });
  place.onpointerenter = () => nameAll(place, id, state);
  place.onfocusin = place.onpointerenter;
  const change = (emoji, isMine) => report((async () => {
    await api(`/messages/${id}/reactions/${encodeURIComponent(emoji)}`, { method: isMine ? "DELETE" : "PUT" });
    state.reactions = (await api(`/messages/${id}/reactions`)).items;
    $("details", place).open = false;
    again();
  })());
  const pin = () => report((async () => {
    const wanted = !state.isPinned; // before it is told by the socket, too
    await api(`/messages/${id}/pin`, { method: wanted ? "PUT" : "DELETE" });
    state.isPinned = wanted;
    again();
  })());
  const counted = state.reactions.map(({ emoji, count, is_mine: isMine, names }) =>
    h("button", { type: "button", class: "reaction", "data-mark": emoji, "aria-pressed": String(isMine), "aria-label": `${emoji} ${count}`, title: names && named(names, count), onclick: () => change(emoji, isMine) }, `${shown(emoji)} ${count}`));
  const known = new Set(state.reactions.map(({ emoji }) => emoji));
  fill(place, counted,
    h("details", { class: "menu" }, h("summary", { class: "link", "data-mark": "react", "aria-label": "React" }, "☺"),
      h("div", { class: "menu-panel offered" }, OFFERED.filter((emoji) => !known.has(emoji)).map((emoji) =>
        h("button", { type: "button", class: "reaction", "data-mark": emoji, onclick: () => change(emoji, false) }, shown(emoji))))),
    canPin && h("button", { type: "button", class: "link", "data-mark": "pin", onclick: pin }, state.isPinned ? "Unpin" : "Pin"),
    !canPin && state.isPinned && h("span", { class: "muted" }, "Pinned"));
}

// Who reacted is asked for when somebody looks closer; a change since leaves only the numbers.
async function nameAll(place, id, state) {
  const asked = state.reactions;
  if (state.asked === asked || asked.every(({ names }) => names)) return;
  state.asked = asked;
  const { items } = await api(`/messages/${id}/reactions`).catch(() => ({ items: asked }));
  if (state.reactions !== asked) return;
  state.reactions = items;
  for (const { emoji, count, names } of items.filter((each) => each.names)) {
    const button = $(`.reaction[data-mark="${CSS.escape(emoji)}"][aria-pressed]`, place);
    if (button) button.title = named(names, count);
  }
}

const named = (names, count) => [...names, ...(count > names.length ? [`and ${count - names.length} more`] : [])].join(", ");

function keepingFocus(place, redraw) {
  const focused = place.contains(document.activeElement) && document.activeElement.dataset.mark;
  const isOpen = $("details", place).open;
  redraw();
  $("details", place).open = isOpen;
  if (focused) ($(`[data-mark="${CSS.escape(focused)}"]`, place) ?? $("summary", place)).focus();
}

// In colour, where a character could be shown as text.
const shown = (emoji) => `${emoji}\ufe0f`;
