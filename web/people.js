// Who takes part in the open conversation, how others get in, what is pinned, and whether it is quiet.

import { $, fill, h, report, toast, when } from "./dom.js";
import { api } from "./api.js";

const ROLES = ["reader", "writer", "owner"];

let opened; // () => the conversation that is shown

export function startPeople(conversation) {
  opened = conversation;
  $("#people-open").addEventListener("click", () => report(show()));
  $("#people-add").addEventListener("submit", (event) => { event.preventDefault(); report(letIn(event.target)); });
  $("#people-invite").addEventListener("click", () => report(invite()));
  $("#people-quiet").addEventListener("change", ({ target }) => report(api(`${path()}/quiet`, { method: "PUT", body: { is_quiet: target.checked } })));
}

// A link that somebody was given: take part, and go there.
export async function join(token) {
  try {
    const { conversation_id: id, workspace_id: workspace } = await api(`/invites/${encodeURIComponent(token)}/accept`, { method: "POST" });
    location.replace(`#/c/${id}?workspace=${workspace}`);
  } catch (error) {
    toast(error.message);
    location.replace("#/c");
  }
}

const path = () => `/conversations/${opened().id}`;

async function show() {
  const { is_owner: isOwner, is_quiet: isQuiet } = opened();
  $("#people-add").hidden = !isOwner;
  $("#people-link").hidden = !isOwner;
  $("#people-quiet").checked = isQuiet;
  const [members, pins] = await Promise.all([api(`${path()}/members`), api(`${path()}/pins`)]);
  list(members.items);
  $("#pins-title").hidden = !pins.items.length;
  fill($("#pins"), pins.items.map(pinRow));
  if (!$("#people").open) $("#people").showModal();
}

function list(people) {
  fill($("#people-list"), people.map((person) => {
    const url = `${path()}/members/${person.principal_id}`;
    const change = async (request) => { await api(url, request); await show(); };
    const role = h("select", { "aria-label": `Role of ${person.name}`, onchange: ({ target }) => report(change({ method: "PATCH", body: { role: target.value } })) },
      ROLES.filter((name) => name !== "owner" || person.email).map((name) => h("option", { value: name, selected: name === person.role }, name)));
    return h("li", {},
      h("span", { class: "one-line", title: person.email }, person.name),
      opened().is_owner && person.role !== "owner" ? role : h("span", { class: "muted" }, person.role),
      opened().is_owner && person.role !== "owner" && h("button", { type: "button", class: "link", onclick: () => report(change({ method: "DELETE" })) }, "Remove"));
  }));
}

async function letIn(form) {
  const { principal, role } = Object.fromEntries(new FormData(form));
  const { items } = await api(`${path()}/members`, { method: "POST", body: { principal: principal.trim(), role } });
  form.reset();
  list(items);
}

async function invite() {
  const made = await api(`${path()}/invites`, { method: "POST", body: {} });
  const link = h("input", { readonly: true, value: new URL(made.open, location.href).href, "aria-label": "Link" });
  fill($("#people-link"), link, " ", h("span", { class: "muted" }, "until ", when(made.expires_at)));
  link.select();
}

function pinRow({ message_id: id, author, excerpt }) {
  return h("li", {}, h("a", { href: `#/c/${opened().id}?m=${id}`, onclick: () => $("#people").close() }, h("strong", {}, author || "Recollect"), " ", h("span", { class: "one-line" }, excerpt)));
}
