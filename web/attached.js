// The files that came with a message: their names, each of which opens the file. A message tells ids alone.

import { fill, h, icon } from "./dom.js";
import { api } from "./api.js";

const names = new Map(); // file id -> promise of its name

export const nameFile = ({ id, name }) => names.set(id, Promise.resolve(name));

export function forgetNames() {
  names.clear();
}

export function attachedTo({ attachments = [], deleted_at: deletedAt }) {
  if (!attachments.length || deletedAt) return null;
  return h("ul", { class: "chips attached", "aria-label": "Files" }, attachments.map(fileChip));
}

// Its name is asked for when it comes into sight.
function fileChip(id) {
  const chip = h("li", { class: "chip" }, icon("file"));
  const link = h("a", { class: "one-line", href: `#/file/${id}` }, "A file");
  chip.append(link);
  const seen = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    seen.disconnect();
    const name = await nameOf(id);
    if (name === null) fill(chip, h("span", { class: "muted" }, "A file that is not there any more"));
    else link.textContent = name || "Unnamed file";
  });
  seen.observe(chip);
  return chip;
}

// Null where there is none for this person; a name that could not be had now is asked for by the next look.
function nameOf(id) {
  if (!names.has(id)) {
    names.set(id, api(`/files/${id}`).then(({ name }) => name, (error) => {
      if (error.status === 404) return null;
      names.delete(id);
      return "A file";
    }));
  }
  return names.get(id);
}
