// One hit of the ranked list: where it is, its words with the found ones marked, and why it is here.

import { h, icon, marked, pagesOf, when } from "./dom.js";

const WHY = {
  lexical: ["words", "It holds words of the query"],
  semantic: ["meaning", "It means something close to the query"],
  name: ["name", "Its name matches the query"],
};

export function hitRow(hit) {
  const isFile = hit.type === "file";
  const title = hit.title || (isFile ? "Unnamed file" : "Conversation");
  return h("li", {},
    h("a", { class: "hit", href: hit.links.open },
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
