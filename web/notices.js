// What an answer says about itself, above its hits: how many, what was taken as text, what search could not look at.

import { $, count, fill, h } from "./dom.js";
import { withMeant, withQuoted } from "./operators.js";

const DEGRADED = {
  semantic: "Search by meaning is not available right now: these results match words only.",
  lexical: "Search by words took too long: these results match by meaning only.",
  name: "Names of files were not searched this time.",
  rerank: "The best results could not be read again in time: they stand as they were found.",
  workspaces: "Not every workspace answered: these results are from the others.",
};

// `write(text)` puts another text into the box and searches for it, `compareAll()` searches again without an index of vectors.
export function showNotices(answer, { write, compareAll }) {
  const { hits, page, timing_ms: timing } = answer;
  const total = Math.max(page.estimated_total ?? 0, hits.length);
  const found = page.has_more ? `${hits.length} of about ${total.toLocaleString()} results` : count(hits.length, "result");
  $("#search-status").textContent = `${hits.length ? found : "Nothing found"} in ${Math.round(timing.total)} ms`;
  const degraded = answer.degraded.map((part) => DEGRADED[part] ?? `Answered without a part of the search: ${part}.`);
  const notices = [...answer.query.warnings, ...degraded];
  fill($("#search-notices"), corrected(answer.query, write), suggested(answer.query, write), notices.map((text) => h("p", { class: "notice" }, text)), coverage(answer.coverage), nearness(answer.coverage, compareAll));
}

function corrected({ text, corrections, corrected_text: instead }, write) {
  const applied = corrections.filter((correction) => correction.applied);
  if (!applied.length || !instead) return null;
  const asTyped = () => write(withQuoted(text, applied.map(({ word }) => word)));
  return h("p", { class: "correction" }, "Searched for ", h("strong", {}, instead), " instead. ",
    h("button", { type: "button", class: "link", onclick: asTyped }, `Search for ${text} as typed`));
}

// A rare word that found little stays as typed: it may be right.
function suggested({ text, corrections, corrected_text: instead }, write) {
  const meant = corrections.filter((correction) => !correction.applied);
  if (!meant.length) return null;
  const other = withMeant(instead ?? text, meant);
  return h("p", { class: "correction" }, "Did you mean ", h("button", { type: "button", class: "link", onclick: () => write(other) }, other), "?");
}

export function showFailure(message) {
  fill($("#search-notices"), h("p", { class: "notice error", role: "alert" }, message));
}

export function clearNotices() {
  fill($("#search-notices"));
  $("#search-status").textContent = "";
}

// A person must know that "nothing found" may mean "not read yet".
function coverage({ pending, no_text: noText, failed }) {
  const parts = [
    pending && `${pending} still being read`,
    noText && `${count(noText, "file")} without text`,
    failed && `${count(failed, "file")} failed`,
  ].filter(Boolean);
  return parts.length > 0 && h("p", { class: "coverage muted" }, `Not searched in full: ${parts.join(", ")}. `, h("a", { href: "#/files" }, "See files"));
}

function nearness({ recall }, compareAll) {
  return recall === "approximate" && h("p", { class: "coverage muted" }, "What is nearest in meaning was looked up in an index, which may pass over a few. ",
    h("button", { type: "button", class: "link", onclick: compareAll }, "Compare all"));
}
