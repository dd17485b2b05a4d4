// The webhook of a saved search: where its new matches are sent, how that goes, and the secret of a new one.

import { $, fill, h, report } from "./dom.js";
import { api } from "./api.js";
import { hookRow, showSecret } from "./webhooks.js";

let saved; // the search that is looked at
let changed; // () => a promise, once it was changed

export function startSavedHook(onChange) {
  changed = onChange;
  $("#saved-hook-set").addEventListener("submit", (event) => { event.preventDefault(); report(set(event.target)); });
}

export function openSavedHook(search) {
  $("#saved-hook-title").textContent = `Webhook of “${search.name}”`;
  $("#saved-hook-secret").hidden = true;
  show(search);
  $("#saved-hook").showModal();
}

function show(search) {
  saved = search;
  const { webhook, is_alerting: isAlerting } = saved;
  const remove = async () => { show(await send(null)); $("#saved-hook-set input").focus(); };
  fill($("#saved-hook-now"), webhook ? hookRow(webhook, { about: !isAlerting && "Not called while its bell is off.", remove }) : h("li", { class: "muted" }, "None yet."));
  $("#saved-hook-set input").value = webhook?.url ?? "";
  $("#saved-hook-set button").textContent = webhook ? "Set anew" : "Add";
}

async function set(form) {
  const url = new FormData(form).get("url").trim();
  const made = await send({ url });
  show(made);
  showSecret($("#saved-hook-secret"), made.webhook.secret);
}

async function send(webhook) {
  const answer = await api(`/saved-searches/${saved.id}`, { method: "PATCH", body: { webhook } });
  await changed();
  return answer;
}
