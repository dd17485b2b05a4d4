// The Markdown of replies as elements: paragraphs, headings, lists, quotes, code, bold, italic, links that show their host.
// No HTML, no images, nothing fetched by itself: what a poisoned source makes a model write stays text.

import { h } from "./dom.js";

const FENCE = /^\s{0,3}(`{3,}|~{3,})/;
const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*$/;
const ITEM = /^(\s*)(?:([-*+•])|(\d{1,9})[.)])\s+(.*)$/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;
// Every repetition is bounded: an unclosed bracket must not be looked for to the end of the text from each of its characters.
const INLINE = new RegExp(
  [
    "(?<!`)(?<code>`{1,3})(?!`)(?<coded>[^`\\n]{1,1000})\\k<code>(?!`)",
    "\\*\\*(?<bold>(?!\\s)[^*\\n]{1,1000}(?<!\\s))\\*\\*",
    "(?<![\\w*])[*_](?<italic>(?!\\s)[^*_\\n]{1,1000}(?<!\\s))[*_](?![\\w*])",
    "!?\\[(?<label>[^[\\]\\n]{0,300})\\]\\((?<target>[^\\s()]{1,2000})\\)",
    "\\[(?<refs>\\d{1,3}(?:, ?\\d{1,3}){0,20})\\]",
    "(?<url>https?://[^\\s<>\"')\\]]{1,2000})(?<![.,;:!?])",
  ].join("|"),
  "g",
);

// cite(n) gives the element of a marker [n], or null: the marker then stays as it was written.
// isKnown(address) says whether a link may be opened; another one stays as it was written, too.
export function markdown(text, cite = () => null, isKnown = () => true) {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const blocks = [];
  const known = { cite, isKnown };
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    if (!line.trim()) at += 1;
    else if (FENCE.test(line)) at = fenced(lines, at, blocks);
    else if (HEADING.test(line)) at = heading(lines, at, blocks, known);
    else if (ITEM.test(line)) at = list(lines, at, blocks, known);
    else at = paragraph(lines, at, blocks, known);
  }
  return blocks;
}

function fenced(lines, from, blocks) {
  const [, fence] = lines[from].match(FENCE);
  let to = from + 1;
  while (to < lines.length && !lines[to].trimStart().startsWith(fence)) to += 1;
  blocks.push(h("pre", {}, h("code", {}, lines.slice(from + 1, to).join("\n"))));
  return to + 1;
}

function heading(lines, at, blocks, known) {
  const [, marks, words] = lines[at].match(HEADING);
  blocks.push(h(`h${Math.min(marks.length + 2, 6)}`, {}, inline(words, known)));
  return at + 1;
}

function list(lines, from, blocks, known) {
  const number = lines[from].match(ITEM)[3];
  const items = [];
  let at = from;
  for (; at < lines.length; at += 1) {
    const item = lines[at].match(ITEM);
    if (item && Boolean(item[3]) !== Boolean(number) && !item[1]) break;
    if (item) items.push([item[4]]);
    else if (lines[at].trim() && /^\s/.test(lines[at])) items.at(-1).push(lines[at].trim());
    else if (lines[at].trim() || !ITEM.test(lines[at + 1] ?? "")) break;
  }
  const rows = items.map((words) => h("li", {}, inline(words.join(" "), known)));
  blocks.push(number ? h("ol", { start: number }, rows) : h("ul", {}, rows));
  return at;
}

function paragraph(lines, from, blocks, known) {
  const quote = QUOTE.test(lines[from]);
  const words = [];
  let at = from;
  for (; at < lines.length && lines[at].trim() && QUOTE.test(lines[at]) === quote; at += 1) {
    if (at > from && (FENCE.test(lines[at]) || HEADING.test(lines[at]) || ITEM.test(lines[at]))) break;
    words.push(quote ? lines[at].match(QUOTE)[1] : lines[at]);
  }
  const body = h("p", {}, words.flatMap((line, n) => [n > 0 && h("br"), ...inline(line, known)]));
  blocks.push(quote ? h("blockquote", {}, body) : body);
  return at;
}

function inline(text, known) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(text.slice(at, match.index), ...spanOf(match, known));
    at = match.index + match[0].length;
  }
  return [...nodes, text.slice(at)];
}

function spanOf(match, known) {
  const { coded, bold, italic, label, target, refs, url } = match.groups;
  if (coded != null) return [h("code", {}, coded)];
  if (bold != null) return [h("strong", {}, inline(bold, known))];
  if (italic != null) return [h("em", {}, inline(italic, known))];
  if (target != null) return [link(target, label, known) ?? match[0]];
  if (url != null) return [link(url, "", known) ?? url];
  return refs.split(",").map((ref) => known.cite(Number(ref)) ?? `[${ref.trim()}]`);
}

// A label may say anything, so the host stands beside it.
function link(target, label, { isKnown }) {
  let url;
  try {
    url = new URL(target);
  } catch {
    return null;
  }
  if ((url.protocol !== "http:" && url.protocol !== "https:") || !isKnown(target)) return null;
  const safe = { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" };
  return h("span", {}, h("a", safe, label || url.href), label && h("span", { class: "host" }, ` (${url.host})`));
}
