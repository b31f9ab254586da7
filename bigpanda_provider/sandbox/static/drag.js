// A range of the timeline's axis is selected by dragging over it: the address has it afterwards.
import { hideTip } from "./tip.js";

const LEAST = 6;

let drag = null;

/** Where the timeline is on the page, and which times it shows. */
function scale() {
  const { left, width } = document.getElementById("plot").getBoundingClientRect();
  const { first, last } = document.getElementById("timeline").dataset;
  return { left, width, first: Number(first), length: last - first };
}

function timeAt(x) {
  const { left, width, first, length } = drag.scale;
  return first + Math.round((Math.min(Math.max(x - left, 0), width) / width) * length);
}

function start(event) {
  if (event.button !== 0 || !event.isPrimary || !event.target.closest?.("#plot, #axis")) {
    return;
  }
  drag = { from: event.clientX, to: event.clientX, scale: scale(), mark: null };
}

function move(event) {
  if (!drag || !event.isPrimary) {
    return;
  }
  drag.to = event.clientX;
  if (!drag.mark && Math.abs(drag.to - drag.from) < LEAST) {
    return;
  }
  hideTip();
  draw();
}

function draw() {
  if (!drag.mark) {
    drag.mark = document.createElement("div");
    drag.mark.className = "selection";
    drag.mark.append(document.createElement("span"));
    document.body.classList.add("dragging");
  }
  const timeline = document.getElementById("timeline");
  if (drag.mark.parentNode !== timeline) {
    timeline.append(drag.mark);
  }
  const { left, width } = drag.scale;
  const [from, to] = [drag.from, drag.to].sort((a, b) => a - b).map((x) => Math.min(Math.max(x - left, 0), width));
  drag.mark.style.left = `${left - timeline.getBoundingClientRect().left + from}px`;
  drag.mark.style.width = `${to - from}px`;
  drag.mark.firstChild.textContent = chosen().map(clock).join(" – ");
}

const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);
const chosen = () => [timeAt(drag.from), timeAt(drag.to)].sort((a, b) => a - b);

function end(event) {
  if (!drag || !event.isPrimary) {
    return;
  }
  if (drag.mark) {
    const [since, until] = chosen();
    select(since, Math.max(until, since + 1));
  }
  cancel();
}

function select(since, until) {
  const address = new URL(window.location.href);
  for (const [name, seconds] of Object.entries({ since, until })) {
    address.searchParams.set(name, new Date(seconds * 1000).toISOString().replace(".000", ""));
  }
  address.searchParams.delete("page");
  window.location.assign(address);
}

function cancel() {
  if (drag?.mark) {
    drag.mark.remove();
    document.addEventListener("click", (event) => event.preventDefault(), { capture: true, once: true });
    setTimeout(() => document.body.classList.remove("dragging"));
  }
  drag = null;
}

export function followDrag() {
  document.addEventListener("pointerdown", start);
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", cancel);
  document.addEventListener("dragstart", (event) => event.target.closest?.("#plot") && event.preventDefault());
  document.addEventListener("keydown", (event) => event.key === "Escape" && cancel());
}
