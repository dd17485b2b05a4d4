// Webhooks of files: which there are and how they do, a new one with its secret, and taking one away. A saved search's is in
// savedhook.js.

import { $, fill, h, report, when } from "./dom.js";
import { api } from "./api.js";

const KINDS = { "file.ready": "ready", "file.partial": "ready in part", "file.no_text": "without text", "file.failed": "failed" };

export function startWebhooks() {
  fill($("#webhooks-kinds"), $("legend", $("#webhooks-kinds")), Object.entries(KINDS).map(([kind, name]) =>
    h("label", {}, h("input", { type: "checkbox", name: "kinds", value: kind, checked: true }), ` ${name}`)));
  $("#webhooks-open").addEventListener("click", () => { $("#bell").open = false; open(); });
  $("#webhooks-add").addEventListener("submit", (event) => { event.preventDefault(); report(add(event.target)); });
}

function open() {
  $("#webhooks-secret").hidden = true;
  $("#webhooks-add").reset();
  $("#webhooks").showModal();
  report(list());
}

async function list() {
  const { items } = await api("/webhooks");
  fill($("#webhooks-list"), items.length ? items.map(rowOf) : h("li", { class: "muted" }, "None yet."));
}

function rowOf(hook) {
  const remove = async () => {
    await api(`/webhooks/${hook.id}`, { method: "DELETE" });
    await list();
    $("[name=url]", $("#webhooks-add")).focus();
  };
  return hookRow(hook, { about: hook.kinds.map((kind) => KINDS[kind]).join(", "), remove });
}

export function hookRow(hook, { about, remove }) {
  return h("li", { class: "row" },
    h("div", { class: "row-main" },
      h("strong", { class: "one-line", title: hook.url }, hook.url),
      h("span", { class: "muted row-meta" }, stateOf(hook), about && h("span", {}, about)),
      hook.reason && h("span", { class: "reason" }, hook.reason)),
    h("button", { type: "button", class: "button quiet", "aria-label": `Delete ${hook.url}`, onclick: () => report(remove()) }, "Delete"));
}

function stateOf({ state, failing_since: since, disabled_at: disabled }) {
  if (state === "disabled") return h("span", { class: "state failed" }, "Given up ", when(disabled));
  return state === "failing" ? h("span", { class: "state partial" }, "Failing since ", when(since)) : h("span", { class: "state ready" }, "Active");
}

async function add(form) {
  const data = new FormData(form);
  const made = await api("/webhooks", { method: "POST", body: { url: data.get("url").trim(), kinds: data.getAll("kinds") } });
  form.reset();
  await list();
  showSecret($("#webhooks-secret"), made.secret);
}

export function showSecret(place, secret) {
  const field = $("input", place);
  field.value = secret;
  place.hidden = false;
  field.focus();
  field.select();
}
