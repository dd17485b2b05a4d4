// "Something missing?": a person names a file or conversation, and is told which step of the search lost it and what to do.

import { $, fill, h } from "./dom.js";
import { api, query } from "./api.js";

const TYPING_MS = 150;
const FEW = 5; // of each kind that are offered

let asked; // gives the parameters of the search that is on the screen
let timer;
let looks = 0; // the latest look wins

export function startMissing(given) {
  asked = given;
  $("#missing-name").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(offer, TYPING_MS);
  });
}

export function showMissing(isShown) {
  $("#missing").hidden = !isShown;
  $("#missing").open = false;
  $("#missing-name").value = "";
  fill($("#missing-options"));
  fill($("#missing-answer"));
}

async function offer() {
  looks += 1;
  const mine = looks;
  const name = $("#missing-name").value.replace(/["“”„‟«»]/gu, " ").trim();
  const answers = name ? await Promise.all(["name", "in"].map((op) => titles(op, name))) : [];
  if (mine !== looks) return;
  fill($("#missing-answer"), name && !answers.flat().length && "Nothing of that name is there for you.");
  fill($("#missing-options"), answers.flat().map(({ item_id: id, text, type }) =>
    h("button", { type: "button", class: "option", onclick: () => ask(id) }, text, h("span", { class: "muted" }, ` ${type}`))));
}

// An operator whose quotation mark is open completes to the titles that it would narrow to.
async function titles(op, name) {
  const answer = await api(`/search/suggest${query({ q: `${op}:"${name}`, limit: FEW })}`).catch(() => null);
  return (answer?.suggestions ?? []).filter(({ item_id: id }) => id);
}

async function ask(target) {
  const told = await api(`/search/why-not${query({ ...asked(), target })}`).then(
    ({ title, reason, remedy }) => [h("strong", {}, title || "It"), ": ", reason, " ", remedy && h("span", { class: "muted" }, remedy)],
    (error) => error.message);
  fill($("#missing-answer"), told);
}
