// How the next replies look for their sources: where, how, how much of them, and whether every claim needs one. Kept for each
// conversation in this browser until one signs out.

import { $, fill } from "./dom.js";
import { api } from "./api.js";

const KEPT = "recollect.options"; // conversation id -> what differs from the defaults, the last changed at the end
const MOST_KEPT = 100;
const DEFAULTS = { sources: "everything", mode: "hybrid", k: "5", filters: "", citations: "auto" };
const MOST_PASSAGES = 20;
const TYPING_MS = 300;

let conversation = ""; // that is shown; none while it is a new one
let timer = 0;

const field = (name) => $(`#composer-options [name="${name}"]`);

export function startOptions() {
  $("#composer-options").addEventListener("input", () => { tell(); clearTimeout(timer); timer = setTimeout(check, TYPING_MS); });
  $("#composer-options").addEventListener("change", ({ target }) => {
    if (target.name === "k") target.value = passages();
    keep();
  });
  $("#composer-options").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input")) return;
    event.preventDefault(); // it would send the message
    keep();
    $("#composer-options").open = false;
    $("#composer-text").focus();
  });
  $("#composer-options-reset").addEventListener("click", () => { show({}); keep(); field("sources").focus(); });
}

// The options of a conversation, or those that a new one begins with.
export function showOptions(id = "") {
  conversation = id;
  show(kept()[id] ?? {});
}

// The conversation that was new has been made.
export function moveOptions(id) {
  conversation = id;
  keep();
}

export function forgetOptions() {
  localStorage.removeItem(KEPT);
  showOptions();
}

// As the API takes them; what is not chosen is left to its defaults.
export function replyOptions() {
  const { citations, k, filters, ...chosen } = changed();
  const retrieve = { ...chosen, ...(k && { k: Number(k) }), ...(filters && { filters: filters.match(/(?:"[^"]*"?|[^\s"])+/gu) ?? [] }) };
  return { ...(citations && { citations }), ...(Object.keys(retrieve).length && { retrieve }) };
}

const passages = () => String(Math.min(MOST_PASSAGES, Math.max(1, Math.round(Number(field("k").value)) || DEFAULTS.k)));

function changed() {
  const now = Object.keys(DEFAULTS).map((name) => [name, name === "k" ? passages() : field(name).value.trim()]);
  return Object.fromEntries(now.filter(([name, value]) => value && value !== DEFAULTS[name]));
}

function show(chosen) {
  for (const [name, value] of Object.entries({ ...DEFAULTS, ...chosen })) field(name).value = value;
  tell();
  clearTimeout(timer);
  fill($("#composer-options-told"));
}

function tell() {
  const count = Object.keys(changed()).length;
  $("#composer-options summary").textContent = count ? `Options (${count})` : "Options";
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

function keep() {
  tell();
  if (!conversation) return;
  const { [conversation]: _, ...others } = kept();
  const now = changed();
  const all = Object.keys(now).length ? { ...others, [conversation]: now } : others;
  if (Object.keys(all).length) localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(Object.entries(all).slice(-MOST_KEPT))));
  else localStorage.removeItem(KEPT);
}

// Words that are no filter would be passed over without a word.
async function check() {
  const line = field("filters").value.trim();
  const read = line && (await api("/search/parse", { method: "POST", body: { q: line } }).catch(() => null));
  if (line !== field("filters").value.trim()) return;
  const told = read ? [read.refused, ...read.warnings, read.clauses.length > 0 && "Only operators narrow here, such as type:file or after:2024."] : [];
  fill($("#composer-options-told"), told.filter(Boolean).join(" "));
}
