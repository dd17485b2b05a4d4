// "Something missing?": a person names a file, a conversation or a message, by its title, words or link, and is told which step
// of the search lost it and what to do. Asked of one workspace: where all are searched, the person says which.

import { $, fill, h } from "./dom.js";
import { api, query } from "./api.js";
import { workspaces } from "./workspace.js";

const TYPING_MS = 150;
const FEW = 5; // of each kind that are offered
const LINK = /^(?:\S*#\/(?:c|file)\/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\?(\S*))?$/iu;
const ELSEWHERE = "That is in another workspace: search there, or in all of yours.";

let asked; // gives the parameters of the search that is on the screen
let timer;
let looks = 0; // the latest look wins

export function startMissing(given) {
  asked = given;
  $("#missing-name").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(offer, TYPING_MS);
  });
  $("#missing-where select").addEventListener("change", offer);
}

export function showMissing(isShown) {
  $("#missing").hidden = !isShown;
  $("#missing").open = false;
  $("#missing-name").value = "";
  fill($("#missing-options"));
  fill($("#missing-answer"));
  $("#missing-where").hidden = asked().workspace !== "all";
  fill($("#missing-where select"), workspaces().map(({ id, name, isCurrent }) => h("option", { value: id, selected: isCurrent }, name)));
}

const isEverywhere = () => asked().workspace === "all";
const where = () => (isEverywhere() ? $("#missing-where select").value : workspaces().find(({ isCurrent }) => isCurrent)?.id);

async function offer() {
  looks += 1;
  const mine = looks;
  const text = $("#missing-name").value.trim();
  fill($("#missing-options"));
  const link = text.match(LINK);
  if (link) return tellOf(link);
  const name = text.replace(/["“”„‟«»]/gu, " ").trim();
  const found = name ? (await Promise.all([titles("name", name), titles("in", name), messages(name)])).flat() : [];
  if (mine !== looks) return undefined;
  fill($("#missing-answer"), name && !found.length && "Nothing of that name is there for you, and no message that says so.");
  return fill($("#missing-options"), found.map(({ target, label, kind, quote }) =>
    h("button", { type: "button", class: "option", onclick: () => tell({ target, quote }) }, label, h("span", { class: "muted" }, ` ${kind}`))));
}

// An operator whose quotation mark is open completes to the titles that it would narrow to.
async function titles(op, name) {
  const answer = await api(`/search/suggest${query({ q: `${op}:"${name}`, limit: FEW, workspace: where() })}`).catch(() => null);
  const items = (answer?.suggestions ?? []).filter(({ item_id: id }) => id);
  return items.map(({ item_id: target, text, type }) => ({ target, label: text, kind: type }));
}

async function messages(words) {
  const answer = await api(`/search${query({ q: words, type: "message", mode: "lexical", crop: 12, limit: FEW, workspace: where() })}`).catch(() => null);
  return (answer?.hits ?? []).map(({ message_id: target, snippet, author }) =>
    ({ target, label: snippet.text, kind: `message of ${author || "a model"}`, quote: `“${snippet.text}”` }));
}

// Of what an address names that was pasted: a message (m=), else the file or conversation.
function tellOf([, id, parameters]) {
  const named = new URLSearchParams(parameters);
  const workspace = named.get("workspace") ?? where();
  if (!isEverywhere() && workspace !== where()) return fill($("#missing-answer"), ELSEWHERE);
  return tell({ target: named.get("m") ?? id, workspace });
}

async function tell({ target, quote, workspace = where() }) {
  const name = workspaces().find(({ id }) => id === workspace)?.name;
  const told = await api(`/search/why-not${query({ ...asked(), target, workspace })}`).then(
    ({ title, reason, remedy }) => [h("strong", {}, quote || title || "It"), ": ", reason, " ", remedy && h("span", { class: "muted" }, remedy),
      isEverywhere() && name && h("span", { class: "muted" }, ` (Asked of ${name} alone.)`)],
    (error) => error.message);
  fill($("#missing-answer"), told);
}
