// The head of a file's page: how far it is read, live, or why it is not and what to do; its problems, what it says of itself, its versions.

import { count, fill, h, size, toast, when } from "./dom.js";
import { api } from "./api.js";
import { follow } from "./events.js";
import { buttonsOf, isOpen, left, passwordForm, progressOf, readAgain, stateOf } from "./filestate.js";
import { versionsOf } from "./versions.js";

const FEW = 5; // problems that are shown without being asked for

let following = null; // of the file that is shown

export function leaveFile() {
  following?.abort();
  following = null;
}

// The head as an element. `changed()` is called when the text may be another one.
export function headOf(file, changed) {
  leaveFile();
  const live = h("div", { class: "file-live" });
  const todo = h("div", { class: "file-todo" });
  const head = h("section", { class: "file-head", "aria-label": "About the file" }, live, todo, nearOf(file), propertiesOf(file), versionsOf(file, changed));
  let told = "";
  const show = (now) => {
    fill(live, liveOf(now));
    const about = JSON.stringify([now.state, now.reason, now.problems]);
    if (about !== told) fill(todo, todoOf(now, act)); // what has the focus stays while only numbers change
    told = about;
  };
  const act = async (verb, body) => {
    try {
      await api(`/files/${file.id}/${verb}`, { method: "POST", body });
      const now = await api(`/files/${file.id}`);
      window.dispatchEvent(new CustomEvent("file-changed", { detail: now }));
      changed();
    } catch (error) {
      toast(error.message);
    }
  };
  show(file);
  if (isOpen(file)) watch(file.id, show, changed);
  return head;
}

async function watch(id, show, changed) {
  const mine = new AbortController();
  following = mine;
  try {
    for await (const { event, data } of follow(`/files/${id}/events`, { signal: mine.signal, ends: (message) => message.event === "done" })) {
      if (mine.signal.aborted) return;
      if (data.state) {
        show(data);
        window.dispatchEvent(new CustomEvent("file-changed", { detail: data }));
      } else if (event === "done") changed();
    }
  } catch (error) {
    if (!mine.signal.aborted) toast(error.message);
  }
}

function liveOf(file) {
  return [
    h("p", { class: "row-meta" }, stateOf(file),
      h("span", { class: "muted" }, size(file.size_bytes)),
      h("span", { class: "muted" }, "uploaded ", when(file.created_at)),
      file.duplicate_of && h("span", { class: "muted" }, "same bytes as ", h("a", { href: `#/file/${file.duplicate_of}` }, "another file"))),
    file.state === "processing" && [progressOf(file), stagesOf(file)],
    file.state === "queued" && h("p", { class: "muted" }, "It is read when its turn comes."),
  ];
}

function stagesOf({ stages: { extract, embed }, passages_per_s: rate, eta_s: eta }) {
  const done = (stage, one) => (stage.total == null ? count(stage.done, one) : `${stage.done.toLocaleString()} of ${count(stage.total, one)}`);
  const pace = [rate && `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} passages a second`, left(eta)].filter(Boolean).join(", ");
  return h("dl", { class: "facts" },
    h("dt", {}, "Read"), h("dd", {}, done(extract, "part")),
    h("dt", {}, "Embedded"), h("dd", {}, done(embed, "passage")),
    pace && [h("dt", {}, "Pace"), h("dd", {}, pace)]);
}

// Why it is not (wholly) searchable, what to do about it, and the buttons that do it.
function todoOf(file, act) {
  const buttons = file.can_write ? [...buttonsOf(file, act), file.state === "ready" && readAgain(file, act)].filter(Boolean) : [];
  return [
    file.reason && h("div", { class: `notice ${file.state === "failed" ? "error" : ""}` },
      h("p", {}, h("strong", {}, file.reason.message)),
      file.reason.remedy && h("p", {}, file.reason.remedy),
      passwordForm(file, act)),
    file.state === "cancelled" && !file.reason && h("p", { class: "notice" }, "Reading was cancelled. Retry goes on where it stopped."),
    problemsOf(file),
    buttons.length > 0 && h("div", { class: "file-buttons" }, buttons),
  ];
}

function problemsOf({ state, problems, problem_count: total, reason }) {
  const listed = (problems ?? []).filter((problem) => !(reason && problem.message === reason.message));
  if (!listed.length) return null;
  const row = ({ page, message, remedy }) => h("li", {},
    page && h("strong", {}, `Page ${page}: `), message, remedy && h("span", { class: "muted" }, ` ${remedy}`));
  return h("details", { class: "problems", open: listed.length <= FEW },
    h("summary", {}, `${count(listed.length, "problem")}${state === "partial" ? "; the rest can be found" : ""}`), h("ul", {}, listed.map(row)),
    total > problems.length && h("p", { class: "muted" }, `and ${(total - problems.length).toLocaleString()} more`));
}

function nearOf({ near_duplicates: near }) {
  if (!near?.length) return null;
  const link = ({ id, name, share }) => h("li", {},
    h("a", { href: `#/file/${id}` }, name), h("span", { class: "muted" }, ` (${Math.round(100 * share)} % of the text)`));
  return h("details", { class: "near", open: true },
    h("summary", {}, count(near.length, "file says nearly the same", "files say nearly the same")), h("ul", {}, near.map(link)));
}

function propertiesOf({ properties }) {
  const names = { title: "Title", author: "Author", created: "Written", modified: "Changed", language: "Language" };
  const told = Object.entries(names).filter(([name]) => properties?.[name]);
  if (!told.length) return null;
  return h("details", {}, h("summary", {}, "What it says of itself"),
    h("dl", { class: "facts" }, told.map(([name, label]) => [h("dt", {}, label), h("dd", {}, properties[name])])));
}
