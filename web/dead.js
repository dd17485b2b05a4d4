// What was given up, for a workspace's owner and admins: jobs that ended three workers or were tried too often, and one button for all.

import { $, count, fill, h, toast, when } from "./dom.js";
import { api } from "./api.js";
import { mayAdminister } from "./workspace.js";

const SHOWN = 50;
const KINDS = { ingest_file: "Reading a file", embed_message: "Embedding a message", build_generation: "Building a generation", reply: "Writing a reply" };
const AGAIN = ["ingest_file", "embed_message"]; // a reply is regenerated, a generation resumed
const REASONS = {
  worker_crash: "It ended the worker three times.", too_often: "It was tried several times without success.", too_late: "It could not be done within a week.",
};

let asked = 0; // the latest answer wins

export function clearDead() {
  asked += 1;
  $("#dead").hidden = true;
  fill($("#dead"));
}

export async function showDead() {
  if (!mayAdminister()) return clearDead();
  asked += 1;
  const mine = asked;
  try {
    const { items, next_cursor: more } = await api(`/admin/jobs?state=dead&limit=${SHOWN}`);
    if (mine === asked) show(items, more);
  } catch (error) {
    if (mine === asked) toast(error.message);
  }
  return undefined;
}

function show(jobs, more) {
  const open = $("#dead details")?.open ?? false;
  $("#dead").hidden = !jobs.length;
  fill($("#dead"), h("details", { class: "dead", open },
    h("summary", {}, `${more ? `More than ${SHOWN} jobs were` : count(jobs.length, "job was", "jobs were")} given up`),
    h("p", { class: "muted" }, "Jobs of all members of the workspace. They are left alone until somebody asks for them again."),
    h("ul", { class: "rows", "aria-label": "Jobs that were given up" }, jobs.map(rowOf)),
    jobs.some(isAgain) && h("button", { type: "button", class: "button", onclick: doAll }, "Do all again")));
}

const isAgain = (job) => AGAIN.includes(job.kind);

function rowOf(job) {
  const kind = KINDS[job.kind] ?? job.kind;
  return h("li", { class: "row" },
    h("div", { class: "row-main" },
      h("strong", {}, kind),
      h("span", { class: "row-meta muted" }, when(job.finished_at ?? job.created_at), h("span", {}, `tried ${count(job.attempts, "time")}`)),
      h("p", { class: "reason" }, REASONS[job.reason] ?? job.reason)),
    isAgain(job) && h("span", { class: "row-buttons" }, h("button", { type: "button", class: "button quiet", "aria-label": `Do it again: ${kind}`, onclick: () => doOne(job) }, "Do it again")));
}

async function doOne(job) {
  await report(api(`/admin/jobs/${job.id}/requeue`, { method: "POST" }), () => "It is done again.");
}

async function doAll() {
  await report(requeueAll(), (jobs) => `${count(jobs, "job is", "jobs are")} done again.`);
}

async function requeueAll() {
  for (let jobs = 0; ;) {
    const { requeued, has_more: more } = await api("/admin/jobs/requeue", { method: "POST", body: {} });
    jobs += requeued;
    if (!more || !requeued) return jobs;
  }
}

async function report(work, told) {
  try {
    toast(told(await work));
    window.dispatchEvent(new CustomEvent("jobs-requeued"));
  } catch (error) {
    toast(error.message);
  }
}
