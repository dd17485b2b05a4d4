// How a reply came about: what was asked and searched for, what was found and given to the model, what that cost; and what the
// same search gives today.

import { count, fill, h } from "./dom.js";
import { api } from "./api.js";
import { candidateLink } from "./grounding.js";

const BY = { "by the model": "reworded by the model", "by terms": "with words of earlier questions", "by the person": "as it was set" };
const LEGS = { lexical: "words", semantic: "meaning", name: "name" };
const MODES = { hybrid: "words and meaning", lexical: "words only", semantic: "meaning only" };
const FROM = { everything: "everything", conversation: "this conversation", files: "files attached here" };
const CITING = { required: "only claims with a source", off: "without citations" };
const FATES = {
  packed: "given", "no room": "left out: no room", copy: "left out: a copy of a better one", "after others": "left out: others were better",
  "repeats the question": "left out: repeats the question", "is in the conversation shown": "shown as part of the conversation",
};

// A button that opens the trace of a reply in its row, and closes it again.
export function traceButton(message) {
  const open = async ({ currentTarget: button }) => {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    const row = button.closest(".message");
    row.querySelector(".trace")?.remove();
    if (isOpen) return;
    const panel = h("section", { class: "hit-panel trace", "aria-label": "How this came about", tabindex: "-1" }, h("p", { class: "muted" }, "Looking…"));
    button.closest(".message-foot").after(panel);
    fill(panel, await traced(message.id).catch(whyNot));
    panel.scrollIntoView({ block: "nearest" });
  };
  return h("button", { type: "button", class: "link", "aria-expanded": "false", onclick: open }, "How this came about");
}

const whyNot = ({ status, message }) => h("p", { class: "notice" }, status === 404 ? "Nothing is kept of how this came about." : message);

async function traced(id) {
  const trace = await api(`/messages/${id}/trace`);
  const today = h("div", { role: "status" });
  const again = async ({ currentTarget: button }) => {
    button.disabled = true;
    fill(today, await api(`/messages/${id}/trace/replay`, { method: "POST" }).then(compared, whyNot));
    button.disabled = false;
    button.focus({ preventScroll: true });
    today.scrollIntoView({ block: "nearest" });
  };
  return [
    facts(trace),
    trace.candidates.length > 0 ? foundTable(trace.candidates) : h("p", { class: "muted" }, "Nothing was found that you may see now."),
    h("button", { type: "button", class: "button", onclick: again }, "Search again on today's index"),
    today,
  ];
}

function facts(trace) {
  const { query, images, tries, turns, usage } = trace;
  const told = [
    ["Asked", query.asked || "The question was changed or deleted since."],
    ["Searched for", query.asked && [query.text, BY[query.by] && h("span", { class: "muted" }, ` · ${BY[query.by]}`)]],
    ["Looked in", optionsOf(trace.options)],
    ["Not looked at", unseenOf(trace)],
    ["Shown besides", [turns > 0 && count(turns, "earlier message"), ...images.map(({ title, fate }) => `${title} (${fate})`)].filter(Boolean).join(", ")],
    ["Written by", writerOf(trace)],
    ["Checked", tries.map(tryOf).join("; ")],
    ["Tokens", usage && `${usage.input_tokens.toLocaleString()} read, ${usage.output_tokens.toLocaleString()} written${trace.cost_usd ? `, $${trace.cost_usd.toLocaleString(undefined, { maximumSignificantDigits: 2 })}` : ""}`],
    ["Time", timesOf(trace.timing_ms)],
    ["Prompt", h("code", { title: "SHA-256 of the prompt" }, trace.prompt_sha256.slice(0, 16))],
  ];
  return h("dl", { class: "facts" }, told.filter(([, what]) => what).map(([name, what]) => [h("dt", {}, name), h("dd", {}, what)]));
}

const optionsOf = ({ sources, files, mode, k, filters, citations }) =>
  [files.length ? count(files.length, "file") : FROM[sources], MODES[mode], count(k, "passage"), filters.length && `only ${filters.join(" ")}`, CITING[citations]].filter(Boolean).join(" · ");

function unseenOf({ coverage, degraded }) {
  const left = coverage ?? { pending: 0, no_text: 0, failed: 0 };
  return [
    left.pending > 0 && `${count(left.pending, "file")} being read`,
    left.no_text > 0 && `${count(left.no_text, "file")} without text`,
    left.failed > 0 && `${count(left.failed, "file")} that could not be read`,
    ...degraded.map((what) => what.replaceAll("_", " ")),
  ].filter(Boolean).join(", ");
}

function writerOf({ model, answered_by: by }) {
  if (!by) return `nobody (${model} was asked for)`;
  return by === model ? by : `${by}, as ${model} could not begin`;
}

const tryOf = ({ kept, left_out: left, is_shown: isShown }, n) =>
  `answer ${n + 1}: ${count(kept, "sentence")} with a source, ${count(left, "claim")} left out${isShown ? " (shown)" : ""}`;

const timesOf = ({ rewrite, search, first_token: first, total }) =>
  [rewrite >= 1 && `wording ${ms(rewrite)}`, `search ${ms(search)}`, first != null && `first words after ${ms(first)}`, total != null && `all after ${ms(total)}`].filter(Boolean).join(", ");

const ms = (n) => (n < 1000 ? `${Math.round(n)} ms` : `${(n / 1000).toFixed(1)} s`);

const foundTable = (candidates) =>
  table("What was found, best first", ["", "Source", "Score", "By", "What became of it"], candidates.map((each) => [
    each.ref ? String(each.ref) : "", candidateLink(each), each.score.toLocaleString(undefined, { maximumFractionDigits: 2 }),
    each.match.map((leg) => LEGS[leg] ?? leg).join(", "), FATES[each.fate] ?? each.fate,
  ]));

function compared({ same, passages, degraded, search_ms: took }) {
  const partly = degraded.length > 0 && h("p", { class: "muted" }, `Without ${degraded.map((what) => what.replaceAll("_", " ")).join(", ")}.`);
  if (same) return [h("p", {}, `The model would be given the same passages today (${ms(took)}).`), partly];
  const place = (n) => (n == null ? "–" : String(n));
  const change = ({ then, now }) => (then == null ? "new" : now == null ? "gone" : then === now ? "" : "moved");
  return [table("What the model would be given today", ["", "Source", "Then", "Today"],
    passages.map((each) => [change(each), each.title || (each.kind === "file" ? "Unnamed file" : "A conversation"), place(each.then), place(each.now)])), partly];
}

function table(caption, head, rows) {
  return h("div", { class: "explain", tabindex: "0", role: "group", "aria-label": caption },
    h("table", {},
      h("caption", {}, caption),
      h("thead", {}, h("tr", {}, head.map((title) => (title ? h("th", { scope: "col" }, title) : h("td", {}))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}
