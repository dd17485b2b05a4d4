// One hit of the ranked list: where it is, its words with the found ones marked, and why it is here.

import { h, icon, marked, pagesOf, points, when } from "./dom.js";
import { query } from "./api.js";

const WHY = {
  lexical: ["words", "It holds words of the query"],
  semantic: ["meaning", "It means something close to the query"],
  name: ["name", "Its name matches the query"],
};

export function hitRow(hit) {
  const isFile = hit.type === "file";
  const title = hit.title || (isFile ? "Unnamed file" : "Conversation");
  return h("li", {},
    h("a", { class: "hit", href: linkOf(hit) },
      h("span", { class: "hit-title" }, icon(isFile ? "file" : "message"), h("strong", {}, title)),
      h("span", { class: "snippet" }, marked(hit.snippet.text, hit.snippet.highlights.map(spanOf))),
      h("span", { class: "hit-meta muted" },
        h("span", { class: "unseen" }, isFile ? "File. " : "Message. "),
        placeOf(hit).map((text) => h("span", {}, text)),
        when(hit.created_at),
        hit.also_in.length > 0 && h("span", {}, `also in ${hit.also_in.length} more`),
        h("span", { class: "grow" }),
        hit.match.map((leg) => h("span", { class: "why", title: WHY[leg]?.[1] }, WHY[leg]?.[0] ?? leg)),
      ),
    ),
  );
}

const spanOf = ({ start, length }) => ({ start, end: start + length });

function placeOf(hit) {
  if (hit.type === "message") return [hit.author || "Reply"];
  return [pagesOf(hit.location.pages), hit.headings?.at(-1)].filter(Boolean);
}

// A hit opens at the words that its snippet shows, not at the beginning of the whole passage.
function linkOf(hit) {
  const start = hit.snippet.offset;
  const end = start + points(hit.snippet.text).length;
  if (hit.type === "file") return `#/file/${hit.file_id}${query({ start, end })}`;
  return `#/c/${hit.conversation_id}${query({ m: hit.message_id })}`;
}
