// What a person is told of: counted while it happens, listed when looked at. Only a tab in sight keeps a stream open.

import { $, fill, h, toast, when } from "./dom.js";
import { api } from "./api.js";
import { follow } from "./events.js";
import { isInSight } from "./seen.js";

const MOST = 10; // notifications listed
const MATCHES = 3; // shown of each

let following = null; // AbortController of the stream
let isOn = false;

export function startAlerts() {
  $("#bell").addEventListener("toggle", () => { if ($("#bell").open) showAlerts().catch((error) => toast(error.message)); });
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
    if (data.notification?.kind === "invited") window.dispatchEvent(new CustomEvent("let-in"));
    if (event !== "notification") continue;
    if ($("#bell").open) showAlerts().catch(() => {});
    else if (isInSight(data.notification.subject?.conversation_id)) read({ ids: [data.notification.id] }).catch(() => {});
    else toast(told(data.notification), { label: "Show", run: show });
  }
}

function show() {
  $("#bell").open = true;
}

function count(unread) {
  const badge = $("#bell-unread");
  badge.hidden = !unread;
  fill(badge, unread ? [String(unread), h("span", { class: "unseen" }, " unread")] : []);
}

const HAPPENED = {
  mention: ({ actor, title }) => `${actor} mentioned you in ${title}`,
  invited: ({ actor, title }) => `${actor} let you into ${title}`,
  "reply.finished": ({ title }) => `A reply is ready in ${title}`,
  "file.ready": ({ title }) => `${title} has been read`,
  "file.failed": ({ title }) => `${title} could not be read`,
};

function told({ kind, saved_search: search, matches, reason, subject }) {
  if (subject) return HAPPENED[kind]({ actor: subject.actor || "Somebody", title: subject.title || "a conversation" });
  if (kind === "webhook.disabled") return `The webhook of “${search.name}” is called no more. ${reason}`;
  return `New for “${search.name}”: ${matches[0]?.title || "a message"}${matches.length > 1 ? ` and ${matches.length - 1} more` : ""}`;
}

export async function showAlerts() {
  const { items } = await api(`/notifications?limit=${MOST}`);
  fill($("#alerts"), items.length ? items.map(rowOf) : h("p", { class: "muted" }, "Nothing yet: mentions, invitations and what saved searches find come here."));
  if (items.length) await read({ up_to: items[0].id });
}

async function read(body) {
  count((await api("/notifications/read", { method: "POST", body })).unread);
}

function rowOf(notice) {
  const { kind, created_at: at, read_at: readAt, saved_search: search, matches, subject } = notice;
  const links = subject ? [{ link: subject.open, title: told(notice), excerpt: subject.excerpt }] : matches.slice(0, MATCHES).map(linkOf);
  return h("section", { class: !readAt && "unread" },
    h("p", { class: "muted" }, search?.name, " ", when(at)),
    kind === "webhook.disabled" && h("p", {}, told(notice)),
    links.map(({ link, title, excerpt }) =>
      h("a", { href: link, class: "option", onclick: () => { $("#bell").open = false; } }, h("strong", {}, title), h("span", { class: "muted one-line" }, excerpt))),
    matches.length > MATCHES && h("p", { class: "muted" }, `and ${matches.length - MATCHES} more`));
}

function linkOf({ type, title, excerpt, links }) {
  return { link: links.open, title: title || (type === "file" ? "Unnamed file" : "Conversation"), excerpt };
}
