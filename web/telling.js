// How a person is told of what: kinds by ways, hours, and this browser. Each change is kept at once.

import { $, fill, h, report, toast } from "./dom.js";
import { api } from "./api.js";

const NAMES = {
  mention: "Somebody mentions me", invited: "Somebody lets me in", "saved_search.matches": "A saved search finds something",
  "webhook.disabled": "A webhook is given up", "reply.finished": "A reply is ready", "file.ready": "A file of mine was read", "file.failed": "A file of mine could not be read",
};
const EMAIL = { off: "no e-mail", at_once: "e-mail", daily: "daily e-mail" };

let kept; // the settings as the server has them
let sent = Promise.resolve(); // one change after the other: what was chosen last is what stays

export function startTelling() {
  $("#telling-open").addEventListener("click", () => { $("#bell").open = false; report(show()); });
  for (const id of ["from", "until", "digest"]) $(`#telling-${id}`).addEventListener("change", () => report(keep({})));
  $("#telling-browser").addEventListener("click", () => report(subscribe()));
}

async function show() {
  kept = await api("/notifications/settings");
  drawKinds();
  drawHours();
  $("#telling-browser").hidden = !("PushManager" in window && "serviceWorker" in navigator);
  $("#telling").showModal();
}

function drawKinds() {
  fill($("#telling-kinds"), Object.entries(NAMES).map(([kind, name]) => rowOf(kind, name, kept.kinds[kind])));
}

function drawHours() {
  $("#telling-from").value = kept.quiet_from ?? "";
  $("#telling-until").value = kept.quiet_until ?? "";
  $("#telling-digest").value = kept.digest_at;
}

function rowOf(kind, name, ways) {
  const change = (part) => report(keep({ [kind]: { ...ways, ...part } }));
  const box = (way, label) => h("label", {}, h("input", { type: "checkbox", checked: ways[way], onchange: ({ target }) => change({ [way]: target.checked }) }), ` ${label}`);
  const email = h("select", { "aria-label": `E-mail: ${name}`, onchange: ({ target }) => change({ email: target.value }) },
    Object.entries(EMAIL).map(([value, label]) => h("option", { value, selected: value === ways.email }, label)));
  return h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, box("in_app", "list")), h("td", {}, kept.sends_email && email), h("td", {}, box("push", "push")));
}

function keep(kinds) {
  sent = sent.catch(() => {}).then(() => send(kinds));
  return sent;
}

async function send(kinds) {
  const from = $("#telling-from").value;
  const until = $("#telling-until").value;
  const quiet = from && until ? { quiet_from: from, quiet_until: until } : {};
  const tz = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  kept = await api("/notifications/settings", { method: "PUT", body: { kinds, tz, ...quiet, digest_at: $("#telling-digest").value || "08:00" } });
  if (Object.keys(kinds).length) drawKinds(); // not the hours: somebody may be setting them
}

async function subscribe() {
  if ((await Notification.requestPermission()) !== "granted") throw new Error("The browser does not allow notifications from here.");
  const worker = await navigator.serviceWorker.register("/push.js");
  await navigator.serviceWorker.ready;
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(kept.push_key) });
  await api("/notifications/push", { method: "POST", body: made.toJSON() });
  toast("This browser gets pushes from now on.");
}

const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
