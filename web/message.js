// A message as it is shown: a person's words as they were written, a reply as Markdown with its citations.

import { $, fill, h, marked, pagesOf, when } from "./dom.js";
import { query } from "./api.js";
import { attachedTo } from "./attached.js";
import { bareClaims, endClaims, groundingLine, marker, nearest } from "./grounding.js";
import { markdown } from "./markdown.js";

const GONE = { deleted: "The source was deleted.", no_access: "The source is not shared with you any more." };
const CHANGED = { superseded: "The source has changed since.", moved: "The source was read anew since." };
const ENDS = {
  stopped: "Stopped. What was written is kept.",
  interrupted: "Broken off: the writer was lost. What was written is kept.",
  failed: "No reply could be written.",
};

export function messageRow(message, { quote } = {}) {
  const reply = message.role === "assistant";
  const body = h("div", { class: "body" });
  if (message.deleted_at) fill(body, h("em", { class: "muted" }, "Deleted"));
  else if (reply) showReply(body, { text: message.content, citations: message.citations ?? [] });
  else fill(body, h("p", { class: "written" }, quote ? marked(message.content, [quote]) : named(message)));
  const place = { "data-id": message.id, "data-seq": message.seq, "data-parent": message.parent_id, "data-author": message.author_id };
  return h("article", { class: `message ${message.role}`, ...place, tabindex: "-1" },
    h("header", { class: "muted" },
      h("strong", {}, reply ? "Recollect" : message.author || "Someone"), " ",
      reply && h("span", { class: "model" }), " ",
      message.created_at && when(message.created_at),
      message.edited_at && !message.deleted_at && h("span", {}, " · edited"),
    ),
    body,
    attachedTo(message),
  );
}

// Whose words a reply is, for the eye and for who hears the page.
export function nameModel(row, name) {
  $(".model", row).textContent = modelName(name);
  row.setAttribute("aria-label", `Reply of ${modelName(name)}`);
}

export const modelName = (name) => (name === "extractive" ? "extracts, word for word" : name.slice(name.indexOf(":") + 1));

// The handles of a message that names somebody; whom, the server has found.
function named({ content, mentions = [] }) {
  if (!mentions.length) return content;
  return content.split(/((?<![\w@.])@(?:"[^"\n]+"|[\p{L}\p{N}_][\p{L}\p{N}_.'+-]*))/u).map((part, n) => (n % 2 ? h("span", { class: "mention" }, part) : part));
}

// `end` is how its run ended: {state, error, retryable, grounding, nearest} of the API.
export function showReply(body, { text, citations, waiting = "", end = null }) {
  const shown = citations.filter((citation) => citation.ref);
  const claims = bareClaims(end ?? {});
  fill(body, markdown(text, { cite: citer(shown), isKnown: isQuoted(shown), say: marker(claims) }));
  const marked = endClaims(body);
  body.append(...[
    waiting && h("p", { class: "waiting muted" }, waiting),
    end && endLine(end),
    end && groundingLine(end, marked),
    shown.length > 0 && sources(shown),
    end && nearest(end),
  ].filter(Boolean));
}

function endLine({ state, error, retryable }) {
  if (!ENDS[state]) return null;
  const why = error?.message ? ` ${error.message}` : "";
  return h("p", { class: "notice" }, ENDS[state], why, retryable && " Asking again may help.");
}

// An address that a model made up may carry away what it read: a link can be opened where a cited source holds that address.
function isQuoted(citations) {
  return (address) => citations.some(({ quote }) => quote?.includes(address));
}

// A citation ends where its marker does, in code points of the text: any other [n] is what the model wrote, in code perhaps.
function citer(citations) {
  const ending = new Map(citations.map((citation) => [`${citation.ref} ${citation.answer_span?.end}`, citation]));
  return (ref, end) => {
    const citation = ending.get(`${ref} ${end}`);
    return citation ? chip(citation) : null;
  };
}

function chip(citation) {
  const label = `Source ${citation.ref}: ${citation.title}`;
  if (GONE[citation.status]) return h("span", { class: "cite gone", title: GONE[citation.status] }, String(citation.ref));
  if (citation.status === "unverified") return h("span", { class: "cite gone", title: `Not verified: ${citation.quote}` }, String(citation.ref));
  return h("a", { class: "cite", href: linkOf(citation), title: citation.quote, "aria-label": label }, String(citation.ref));
}

function sources(citations) {
  const first = new Map();
  for (const citation of citations) if (!first.has(citation.ref)) first.set(citation.ref, citation);
  const inOrder = [...first.values()].sort((a, b) => a.ref - b.ref);
  return h("details", { class: "sources", open: true },
    h("summary", { class: "muted" }, inOrder.length === 1 ? "1 source" : `${inOrder.length} sources`),
    h("ol", {}, inOrder.map((citation) => h("li", { value: citation.ref }, sourceOf(citation)))),
  );
}

function sourceOf(citation) {
  if (GONE[citation.status]) return h("span", { class: "muted" }, GONE[citation.status]);
  if (citation.status === "unverified") {
    return [h("span", {}, citation.title || "A source elsewhere"), h("span", { class: "muted" }, " · came with an import, not verified"), h("q", { class: "muted" }, citation.quote)];
  }
  return [
    h("a", { href: linkOf(citation) }, citation.title || (citation.kind === "file" ? "Unnamed file" : "A conversation")),
    h("span", { class: "muted" }, [pagesOf(citation.pages), CHANGED[citation.status]].filter(Boolean).map((text) => ` · ${text}`).join("")),
    h("q", { class: "muted" }, citation.quote),
  ];
}

function linkOf(citation) {
  const { start, end } = citation.source_span;
  const version = citation.status === "superseded" ? citation.version : null; // what was cited stands in the older one
  if (citation.kind === "file") return `#/file/${citation.file_id}${query({ start, end, version })}`;
  return `#/c/${citation.conversation_id}${query({ m: citation.message_id, start, end })}`;
}
