// Thumbs on hits and replies and clicks on hits, noted to measure how good they are; only where the person and the workspace allow it.

import { $, fill, h, icon, report, toast } from "./dom.js";
import { api } from "./api.js";

const THUMBS = { up: "A good", down: "A bad" };
const MAX_REASON = 2000;

let isKept = false;

export async function loadFeedback() {
  show(await api("/search/feedback"));
}

function show({ workspace, mine }) {
  isKept = workspace && mine;
  const turn = async () => show(await api("/search/feedback", { method: "PATCH", body: { mine: !mine } }));
  const button = h("button", { type: "button", class: "link", onclick: () => turn().catch((error) => toast(error.message)) }, mine ? "Do not note it" : "Note it");
  const told = mine
    ? "Which results you open and what you say of them, and of replies, is noted, to measure how good they are; nobody else reads it. "
    : "Which results you open is not noted. ";
  fill($("#feedback-switch"), workspace && [told, button]);
}

// `about` is {workspace, query, passage_id, rank}; a click that could not be noted is nobody's concern.
export function noteClick(about) {
  if (isKept) give(about, "click").catch(() => {});
}

const give = ({ workspace, query, passage_id, rank }, kind) =>
  api(`/search/feedback?workspace=${workspace}`, { method: "POST", body: { query, passage_id, rank: rank(), kind } });

export const thumbsOf = (about) => thumbs("result", { give: (kind) => give(about, kind) });

// Of a reply, with what was said of it; why it is bad can be said.
export function replyThumbs(messageId, { thumb, thumb_reason: reason }) {
  const send = (body) => api(`/messages/${messageId}/feedback`, { method: "PUT", body });
  const told = async ({ target }) => { await send({ thumb: "down", reason: target.value.trim() }); toast("Noted."); };
  const why = h("input", { class: "objection", maxlength: MAX_REASON, placeholder: "What is wrong with it?", "aria-label": "What is wrong with it?", value: reason, hidden: thumb !== "down", onchange: (event) => report(told(event)) });
  const give = async (kind) => {
    await send({ thumb: kind });
    why.value = "";
    why.hidden = kind !== "down";
  };
  const shown = thumbs("reply", { thumb, give });
  return shown && [shown, why];
}

function thumbs(what, { give: send, thumb = "none" }) {
  if (!isKept) return null;
  const buttons = Object.entries(THUMBS).map(([kind, label]) =>
    h("button", { type: "button", class: "thumb", "aria-label": `${label} ${what}`, title: `${label} ${what}`, "aria-pressed": String(kind === thumb), onclick: (event) => report(press(event.currentTarget, kind)) }, icon(kind)));
  async function press(button, kind) {
    const isTakenBack = button.getAttribute("aria-pressed") === "true";
    await send(isTakenBack ? "none" : kind);
    for (const one of buttons) one.setAttribute("aria-pressed", String(one === button && !isTakenBack));
  }
  return h("span", { class: "thumbs" }, buttons);
}
