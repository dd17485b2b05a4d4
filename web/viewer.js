// A file's page: its head (file.js) and its text, open at a quotation: the quoted words marked and in sight, the rest on demand.

import { $, fill, h, pagesOf, points } from "./dom.js";
import { api, query, withWorkspace } from "./api.js";
import { headOf, leaveFile } from "./file.js";
import { isOpen } from "./filestate.js";

const AROUND = 3000; // code points shown on either side, and added by each "show more"
const CHILDREN = 100; // of a file's files shown

let shown = null; // {id, version, start, end, quote: {start, end}} in code points of the file's text
let opener = null; // what had the focus

export function startViewer(close) {
  $("#viewer-close").addEventListener("click", close);
}

export function closeViewer() {
  if ($("#viewer").hidden) return;
  leaveFile();
  $("#viewer").hidden = true;
  document.body.classList.remove("viewing");
  shown = null;
  if (opener?.isConnected) opener.focus();
}

export async function openViewer(id, parameters) {
  if ($("#viewer").hidden) opener = document.activeElement;
  const start = Number(parameters.get("start")) || 0;
  const quote = { start, end: Math.max(Number(parameters.get("end")) || start, start) };
  const version = parameters.get("version"); // an older one, whose offsets these are; null: what search shows
  const mine = { id, version, quote, start: Math.max(0, start - AROUND), end: quote.end + AROUND };
  shown = mine;
  $("#viewer").hidden = false;
  document.body.classList.add("viewing");
  $("#viewer-title").textContent = "…";
  $("#viewer-where").textContent = "";
  $("#viewer-download").href = withWorkspace(`/api/v1/files/${encodeURIComponent(id)}/content${query({ version })}`);
  leaveFile();
  fill($("#viewer-body"), h("p", { class: "muted" }, "Opening…"));
  await reopen(mine, show);
}

// Ask for what is shown, and show it; what was opened meanwhile wins.
async function reopen(mine, showing) {
  const { id } = mine;
  try {
    const [file, part] = await Promise.all([api(`/files/${encodeURIComponent(id)}`), textOf(mine, mine.start, mine.end)]);
    if (shown === mine) showing(file, part);
  } catch (error) {
    if (shown === mine) refuse(error);
  }
}

const textOf = ({ id, version }, start, end) => api(`/files/${encodeURIComponent(id)}/text${query({ start, end, version })}`);

function refuse(error) {
  $("#viewer-title").textContent = error.status === 404 ? "Not there" : "Not opened";
  const why = error.status === 404 ? "This file was deleted, or it is not shared with you any more." : error.message;
  fill($("#viewer-body"), h("p", { class: "notice" }, why));
  $("#viewer-title").focus();
}

function show(file, part) {
  render(file, part);
  $("#viewer-title").focus({ preventScroll: true });
  if (shown.quote.end > shown.quote.start) $("#viewer-body .source mark")?.scrollIntoView({ block: "center" });
  else $("#viewer-body").scrollTop = 0;
}

// Another state or version of the same file: who reads it keeps the place.
function again(file, part) {
  const body = $("#viewer-body");
  const [at, hadFocus] = [body.scrollTop, body.contains(document.activeElement)];
  render(file, part);
  body.scrollTop = at;
  if (hadFocus) $("#viewer-title").focus({ preventScroll: true });
}

function render(file, part) {
  const mine = shown;
  $("#viewer-title").textContent = file.name;
  const quoted = shown.quote.end > shown.quote.start;
  const where = quoted ? pagesOf(span(pagesWithin(part.pages, shown.quote))) : "";
  $("#viewer-where").textContent = [where, shown.version && `version ${shown.version}`, file.folder].filter(Boolean).join(" · ");
  const text = h("div", { class: "source" }, passages(part));
  const head = headOf(file, () => reopen(mine, again));
  fill($("#viewer-body"), head, family(file), step("earlier", part), text, step("later", part));
  if (!part.text) fill(text, h("p", { class: "muted" }, isOpen(file) ? "Its text comes when it is read." : "There is no text to show."));
}

// What the file came in, and the files that were found in it: a mail's attachments, an archive's members.
function family(file) {
  const { parent, children } = file;
  if (!parent && !children?.count) return null;
  const list = h("ul", { class: "children" });
  if (children?.count) listChildren(file.id, children.count, list);
  const link = ({ id, name }) => h("a", { href: `#/file/${id}` }, name);
  return h("nav", { class: "family", "aria-label": "Files that belong together" },
    parent && h("p", {}, "Found in ", link(parent)),
    children?.count > 0 && h("details", { open: !shown.quote.end }, h("summary", {}, children.count === 1 ? "One file in it" : `${children.count} files in it`), list));
}

async function listChildren(id, count, list) {
  try {
    const { items } = await api(`/files${query({ parent: id, limit: CHILDREN })}`);
    const rows = items.map((child) => h("li", {}, h("a", { href: `#/file/${child.id}` }, child.parent?.path || child.name), child.reason && h("span", { class: "muted" }, ` ${child.reason.message}`)));
    fill(list, rows, count > items.length && h("li", { class: "muted" }, `and ${count - items.length} more`));
  } catch (error) {
    fill(list, h("li", { class: "muted" }, error.message));
  }
}

// A part as nodes: a rule where a page begins, and the quotation marked, which may run over pages.
function passages(part) {
  const characters = points(part.pages?.length ? unbroken(part.text) : part.text);
  const starts = (part.pages ?? []).filter((page) => page.start > part.start && page.start < part.end);
  const cuts = [part.start, ...starts.map((page) => page.start), part.end];
  const numbers = [firstPage(part), ...starts.map((page) => page.page)];
  return numbers.map((number, n) => {
    const [from, to] = [cuts[n], cuts[n + 1]];
    return h("section", {}, number != null && h("h3", { class: "page-mark" }, `Page ${number}`), h("p", { class: number != null && "paged" }, quotedWithin(characters, part.start, from, to)));
  });
}

// Pages keep the line breaks of the paper. Inside a paragraph each is shown as a space, one character for one: offsets hold.
const unbroken = (text) => text.replace(/(?<=[^\n]{45})\n(?=[^\s•◦▪*–\-\d])/gu, " ");

function quotedWithin(characters, base, from, to) {
  const slice = (a, b) => characters.slice(a - base, b - base).join("");
  const start = Math.min(Math.max(shown.quote.start, from), to);
  const end = Math.min(Math.max(shown.quote.end, from), to);
  if (end <= start) return slice(from, to);
  return [slice(from, start), h("mark", {}, slice(start, end)), slice(end, to)];
}

function firstPage(part) {
  return pagesWithin(part.pages, { start: part.start, end: part.start + 1 })[0] ?? null;
}

function pagesWithin(pages, { start, end }) {
  return (pages ?? []).filter((page) => page.start < end && page.end > start).map((page) => page.page);
}

const span = (numbers) => (numbers.length ? [numbers[0], numbers.at(-1)] : null);

// The button that fetches what stands before or behind, keeping the reader's place.
function step(direction, part) {
  const earlier = direction === "earlier";
  const there = earlier ? part.start > 0 : part.end >= shown.end;
  if (!there) return null;
  const extend = async (event) => {
    const button = event.currentTarget;
    const body = $("#viewer-body");
    const range = earlier ? [Math.max(0, part.start - AROUND), part.start] : [part.end, part.end + AROUND];
    button.disabled = true;
    const more = await textOf(shown, ...range);
    if (!earlier) shown.end = range[1];
    const height = body.scrollHeight;
    const nodes = more.text ? passages(more) : [];
    $(".source", body)[earlier ? "prepend" : "append"](...nodes);
    button.replaceWith(...[step(direction, more)].filter(Boolean));
    if (earlier) body.scrollTop += body.scrollHeight - height;
  };
  return h("button", { type: "button", class: "button wide", onclick: extend }, earlier ? "Show earlier" : "Show more");
}
