// Saved searches: keep the one in the box, run one again, silence, connect or forget one. What they newly found is in alerts.js.

import { $, fill, h, icon, report } from "./dom.js";
import { api } from "./api.js";
import { openSavedHook, startSavedHook } from "./savedhook.js";

let page; // {asked, run} of search.js

// `asked()` gives {q, type, lang, tz} as they stand; `run({q, type, lang})` searches for something kept.
export function startSaved(given) {
  page = given;
  $("#saved").addEventListener("toggle", () => { if ($("#saved").open) report(open()); });
  $("#saved-add").addEventListener("click", () => report(save()));
  startSavedHook(list);
}

export function clearSaved() {
  $("#saved").open = false;
  fill($("#saved-list"));
}

async function open() {
  $("#saved-add").hidden = !page.asked().q;
  await list();
}

async function list() {
  const { items } = await api("/saved-searches");
  fill($("#saved-list"), items.length ? items.map(rowOf) : h("li", { class: "muted none" }, "A saved search tells you when something new matches."));
}

async function save() {
  const { q, type, lang, tz } = page.asked();
  await api("/saved-searches", { method: "POST", body: { q, ...(type && { type }), ...(lang && { lang }), ...(tz && { tz }) } });
  await list();
}

function rowOf(saved) {
  const { id, name, q, type, lang, is_alerting: isAlerting, webhook } = saved;
  const change = async (request) => { await api(`/saved-searches/${id}`, request); await list(); };
  const run = () => { $("#saved").open = false; page.run({ q, type: type ?? "", lang: lang ?? "" }); };
  const telling = isAlerting ? "Tell me no more of" : "Tell me of";
  return h("li", {},
    h("button", { type: "button", class: "option one-line", title: q, onclick: run }, name),
    h("button", { type: "button", class: "thumb", "aria-pressed": String(isAlerting), "aria-label": `New matches of ${name}`, title: `${telling} new matches`, onclick: () => report(change({ method: "PATCH", body: { is_alerting: !isAlerting } })) }, icon("bell")),
    h("button", { type: "button", class: "thumb", "aria-pressed": String(Boolean(webhook)), "aria-label": `Webhook of ${name}`, title: webhookTitle(webhook), onclick: () => openSavedHook(saved) }, icon("link")),
    h("button", { type: "button", class: "thumb", "aria-label": `Forget ${name}`, title: "Forget it", onclick: () => report(change({ method: "DELETE" })) }, icon("close")));
}

const STATES = { active: "Its webhook is called", failing: "Its webhook is failing", disabled: "Its webhook was given up" };
const webhookTitle = (webhook) => (webhook ? STATES[webhook.state] : "Have an address called");
