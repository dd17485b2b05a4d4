// The Markdown of replies as elements: paragraphs, headings, lists, quotes, code, bold, italic, links that show their host.
// No HTML, no images, nothing fetched by itself: what a poisoned source makes a model write stays text. Each piece knows where
// its characters stand in the whole text, in code points: Markdown leaves some out, and offsets must not slip.

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
  "dg",
);

// `known` says what the text alone does not: cite(n, end) gives the element of a marker [n] that ends at this place, or null: the
// marker then stays as it was written. isKnown(address) says whether a link may be opened; another one stays as it was written,
// too. say({text, places}) gives the nodes of plain words.
export function markdown(text, { cite = () => null, isKnown = () => true, say = (piece) => piece.text } = {}) {
  const lines = linesOf(text);
  const blocks = [];
  const known = { cite, isKnown, say };
  let at = 0;
  while (at < lines.length) {
    const line = lines[at].text;
    if (!line.trim()) at += 1;
    else if (FENCE.test(line)) at = fenced(lines, at, blocks);
    else if (HEADING.test(line)) at = heading(lines, at, blocks, known);
    else if (ITEM.test(line)) at = list(lines, at, blocks, known);
    else at = paragraph(lines, at, blocks, known);
  }
  return blocks;
}

// The lines as pieces {text, places}: `places` holds the place of each UTF-16 unit.
function linesOf(text) {
  let at = 0;
  return text.split("\n").map((line) => {
    const places = [];
    for (const character of line) {
      for (let unit = 0; unit < character.length; unit += 1) places.push(at);
      at += 1;
    }
    at += 1;
    return cut({ text: line, places }, 0, line.endsWith("\r") ? line.length - 1 : line.length);
  });
}

const cut = ({ text, places }, from, to = text.length) => ({ text: text.slice(from, to), places: places.slice(from, to) });

// The end of a line, from the words that a pattern ends with.
const ending = (line, words) => cut(line, line.text.length - words.length);

function trimmed(line) {
  const start = line.text.length - line.text.trimStart().length;
  return cut(line, start, start + line.text.trim().length);
}

// Pieces with a blank between them.
function joined(pieces) {
  const places = pieces.flatMap((piece, n) => (n > 0 ? [piece.places[0] ?? 0, ...piece.places] : piece.places));
  return { text: pieces.map((piece) => piece.text).join(" "), places };
}

function fenced(lines, from, blocks) {
  const [, fence] = lines[from].text.match(FENCE);
  let to = from + 1;
  while (to < lines.length && !lines[to].text.trimStart().startsWith(fence)) to += 1;
  blocks.push(h("pre", {}, h("code", {}, lines.slice(from + 1, to).map(({ text }) => text).join("\n"))));
  return to + 1;
}

function heading(lines, at, blocks, known) {
  const [, marks, words] = lines[at].text.match(HEADING);
  const start = lines[at].text.indexOf(words, lines[at].text.indexOf(marks) + marks.length);
  blocks.push(h(`h${Math.min(marks.length + 2, 6)}`, {}, inline(cut(lines[at], start, start + words.length), known)));
  return at + 1;
}

function list(lines, from, blocks, known) {
  const number = lines[from].text.match(ITEM)[3];
  const items = [];
  let at = from;
  for (; at < lines.length; at += 1) {
    const line = lines[at];
    const item = line.text.match(ITEM);
    if (item && Boolean(item[3]) !== Boolean(number) && !item[1]) break;
    if (item) items.push([ending(line, item[4])]);
    else if (line.text.trim() && /^\s/.test(line.text)) items.at(-1).push(trimmed(line));
    else if (line.text.trim() || !ITEM.test(lines[at + 1]?.text ?? "")) break;
  }
  const rows = items.map((pieces) => h("li", {}, inline(joined(pieces), known)));
  blocks.push(number ? h("ol", { start: number }, rows) : h("ul", {}, rows));
  return at;
}

function paragraph(lines, from, blocks, known) {
  const quote = QUOTE.test(lines[from].text);
  const pieces = [];
  let at = from;
  for (; at < lines.length && lines[at].text.trim() && QUOTE.test(lines[at].text) === quote; at += 1) {
    const line = lines[at];
    if (at > from && (FENCE.test(line.text) || HEADING.test(line.text) || ITEM.test(line.text))) break;
    pieces.push(quote ? ending(line, line.text.match(QUOTE)[1]) : line);
  }
  const body = h("p", {}, pieces.flatMap((piece, n) => [n > 0 && h("br"), ...inline(piece, known)]));
  blocks.push(quote ? h("blockquote", {}, body) : body);
  return at;
}

function inline(piece, known) {
  const nodes = [];
  let at = 0;
  for (const match of piece.text.matchAll(INLINE)) {
    nodes.push(known.say(cut(piece, at, match.index)), ...spanOf(match, piece, known));
    at = match.index + match[0].length;
  }
  return [...nodes, known.say(cut(piece, at))];
}

function spanOf(match, piece, known) {
  const { coded, bold, italic, label, target, refs, url } = match.groups;
  const inner = (name) => cut(piece, ...match.indices.groups[name]);
  if (coded != null) return [h("code", {}, known.say(inner("coded")))];
  if (bold != null) return [h("strong", {}, inline(inner("bold"), known))];
  if (italic != null) return [h("em", {}, inline(inner("italic"), known))];
  const whole = cut(piece, match.index, match.index + match[0].length);
  if (target != null) return [link(target, label, known) ?? known.say(whole)];
  if (url != null) return [link(url, "", known) ?? known.say(whole)];
  const end = whole.places.at(-1) + 1;
  return refs.split(",").map((ref) => known.cite(Number(ref), end) ?? `[${ref.trim()}]`);
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
