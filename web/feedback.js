// Thumbs and clicks on hits, noted to measure how well search finds; only where the person and the workspace allow it.

import { $, fill, h, icon, toast } from "./dom.js";
import { api } from "./api.js";

const THUMBS = { up: "A good result", down: "A bad result" };

let isKept = false;

export async function loadFeedback() {
  show(await api("/search/feedback"));
}

function show({ workspace, mine }) {
  isKept = workspace && mine;
  const turn = async () => show(await api("/search/feedback", { method: "PATCH", body: { mine: !mine } }));
  const button = h("button", { type: "button", class: "link", onclick: () => turn().catch((error) => toast(error.message)) }, mine ? "Do not note it" : "Note it");
  const told = mine
    ? "Which results you open and what you say of them is noted, to measure how well search finds; nobody else reads it. "
    : "Which results you open is not noted. ";
  fill($("#feedback-switch"), workspace && [told, button]);
}

// `about` is {workspace, query, passage_id, rank}; a click that could not be noted is nobody's concern.
export function noteClick(about) {
  if (isKept) give(about, "click").catch(() => {});
}

const give = ({ workspace, query, passage_id, rank }, kind) =>
  api(`/search/feedback?workspace=${workspace}`, { method: "POST", body: { query, passage_id, rank: rank(), kind } });

export function thumbsOf(about) {
  if (!isKept) return null;
  const buttons = Object.entries(THUMBS).map(([kind, label]) =>
    h("button", { type: "button", class: "thumb", "aria-label": label, title: label, "aria-pressed": "false", onclick: (event) => press(event.currentTarget, kind) }, icon(kind)));
  async function press(button, kind) {
    const isTakenBack = button.getAttribute("aria-pressed") === "true";
    try {
      await give(about, isTakenBack ? "none" : kind);
      for (const one of buttons) one.setAttribute("aria-pressed", String(one === button && !isTakenBack));
    } catch (error) {
      toast(error.message);
    }
  }
  return h("span", { class: "thumbs" }, buttons);
}
