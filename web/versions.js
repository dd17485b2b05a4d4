// The versions of a file: download one, make an old one the newest again, see what changed between two.

import { $, count, fill, h, size, toast, when } from "./dom.js";
import { api, query, withWorkspace } from "./api.js";

// As an element; the list is asked for when it is opened. `changed()` is called when another version is the newest.
export function versionsOf(file, changed) {
  if (file.version < 2) return null;
  const body = h("div", {}, h("p", { class: "muted" }, "…"));
  const open = async ({ currentTarget: details }) => {
    if (!details.open || body.dataset.loaded) return;
    body.dataset.loaded = "yes";
    await report(load(file, body, changed), () => { delete body.dataset.loaded; });
  };
  return h("details", { class: "versions", ontoggle: open }, h("summary", {}, `${file.version} versions`), body);
}

async function load(file, body, changed) {
  const { items } = await api(`/files/${file.id}/versions`);
  const readable = items.filter((version) => version.has_text);
  fill(body,
    h("ol", { reversed: true, class: "version-list", "aria-label": "Versions" }, items.map((version) => rowOf(file, version, changed))),
    readable.length > 1 && compareForm(file, readable));
}

function rowOf(file, version, changed) {
  const { version: number, name, by } = version;
  const current = number === file.version;
  const address = withWorkspace(`/api/v1/files/${file.id}/content${query({ version: number })}`);
  return h("li", {},
    h("div", { class: "row-main" },
      h("strong", {}, `Version ${number}${current ? ", the current one" : ""}`),
      h("span", { class: "row-meta muted" }, name !== file.name && h("span", {}, name), h("span", {}, size(version.size_bytes)), when(version.created_at), h("span", {}, `by ${by.name}`))),
    h("span", { class: "row-buttons" },
      h("a", { class: "button quiet", href: address, download: true, "aria-label": `Download version ${number}` }, "Download"),
      !current && file.can_write && h("button", { type: "button", class: "button quiet", "aria-label": `Restore version ${number}`, onclick: () => report(restore(file, number, changed)) }, "Restore")));
}

async function restore(file, number, changed) {
  await api(`/files/${file.id}/versions/${number}/restore`, { method: "POST" });
  toast(`Version ${number} is the newest again, as version ${file.version + 1}.`);
  window.dispatchEvent(new CustomEvent("file-changed", { detail: await api(`/files/${file.id}`) }));
  changed();
}

function compareForm(file, versions) {
  const shown = h("div", { "aria-live": "polite" });
  const choice = (name, label, chosen) => h("label", { class: "choice" }, label,
    h("select", { name }, versions.map(({ version }) => h("option", { value: version, selected: version === chosen }, `version ${version}`))));
  const submit = (event) => {
    event.preventDefault();
    const asked = Object.fromEntries(new FormData(event.currentTarget));
    report(compare(file, asked, shown));
  };
  return [
    h("form", { class: "compare", onsubmit: submit },
      choice("from", "From ", versions[1].version), choice("to", "to ", versions[0].version),
      h("button", { class: "button" }, "Show changes")),
    shown,
  ];
}

async function compare(file, asked, shown) {
  fill(shown, h("p", { class: "muted" }, "Comparing…"));
  try {
    const { added, removed, diff, is_cut: isCut } = await api(`/files/${file.id}/diff${query(asked)}`);
    fill(shown,
      h("p", { class: "muted" }, diff ? `${count(added, "line")} added, ${removed} removed` : "The texts are equal."),
      diff && h("pre", { class: "diff", tabindex: 0, "aria-label": "Changes" }, diff.split("\n").map(lineOf)),
      isCut && h("p", { class: "muted" }, "There are more changes than are shown here."));
    $("pre", shown)?.focus();
  } catch (error) {
    fill(shown);
    throw error;
  }
}

function lineOf(line) {
  if (line.startsWith("@@")) return h("span", { class: "hunk" }, `${line}\n`);
  if (line.startsWith("+")) return h("ins", {}, `${line}\n`);
  if (line.startsWith("-")) return h("del", {}, `${line}\n`);
  return `${line}\n`;
}

async function report(work, failed = () => {}) {
  try {
    await work;
  } catch (error) {
    failed();
    toast(error.message);
  }
}
