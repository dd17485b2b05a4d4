// What saved searches newly found: counted while it happens, listed when looked at. Only a tab in sight keeps a stream open.

import { $, fill, h, toast, when } from "./dom.js";
import { api } from "./api.js";
import { follow } from "./events.js";

const MOST = 10; // notifications listed
const MATCHES = 3; // shown of each

let following = null; // AbortController of the stream
let isOn = false;

export function startAlerts() {
  document.addEventListener("visibilitychange", () => { if (isOn) turn(!document.hidden); });
}

export function followAlerts(on) {
  isOn = on;
  turn(on && !document.hidden);
  if (!on) count(0);
  if (!on) fill($("#alerts"));
}

function turn(on) {
  following?.abort();
  following = on ? new AbortController() : null;
  if (on) listen(following.signal).catch((error) => { if (error.status !== 401) toast(error.message); });
}

async function listen(signal) {
  for await (const { event, data } of follow("/events", { signal })) {
    if (event !== "unread" && event !== "notification") continue;
    count(data.unread);
    if (event === "notification" && $("#saved").open) showAlerts().catch(() => {});
    else if (event === "notification") toast(told(data.notification), { label: "Show", run: show });
  }
}

function show() {
  location.hash = "#/search";
  $("#saved").open = true;
}

function count(unread) {
  const badge = $("#saved-unread");
  badge.hidden = !unread;
  fill(badge, unread ? [String(unread), h("span", { class: "unseen" }, " unread")] : []);
}

function told({ kind, saved_search: { name }, matches, reason }) {
  if (kind === "webhook.disabled") return `The webhook of “${name}” is called no more. ${reason}`;
  return `New for “${name}”: ${matches[0]?.title || "a message"}${matches.length > 1 ? ` and ${matches.length - 1} more` : ""}`;
}

export async function showAlerts() {
  const { items } = await api(`/notifications?limit=${MOST}`);
  fill($("#alerts"), items.length > 0 && h("h3", {}, "Newly found"), items.map(rowOf));
  if (items.length) count((await api("/notifications/read", { method: "POST", body: { up_to: items[0].id } })).unread);
}

function rowOf({ kind, created_at: at, read_at: readAt, saved_search: { name }, matches, reason }) {
  return h("section", { class: !readAt && "unread" },
    h("p", { class: "muted" }, name, " ", when(at)),
    kind === "webhook.disabled" && h("p", {}, `Its webhook is called no more. ${reason}`),
    matches.slice(0, MATCHES).map(({ type, title, excerpt, links }) =>
      h("a", { href: links.open, class: "option" }, h("strong", {}, title || (type === "file" ? "Unnamed file" : "Conversation")), h("span", { class: "muted one-line" }, excerpt))),
    matches.length > MATCHES && h("p", { class: "muted" }, `and ${matches.length - MATCHES} more`));
}
