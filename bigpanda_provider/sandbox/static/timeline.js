// The timeline: the arrow keys lead from bar to bar, and labels that do not fit are hidden.
import { followDrag } from "./drag.js";
import { followTip, refreshTip } from "./tip.js";

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PADDING = 8;

const plot = () => document.getElementById("plot");
const bars = () => [...(plot()?.querySelectorAll(".bar") ?? [])];
const box = (bar) => bar.querySelector(".span").getBoundingClientRect();

/** One bar can be reached by Tab: the last that was in focus, or the newest. */
function rove() {
  const all = bars();
  const current = all.find((bar) => bar.getAttribute("tabindex") === "0") ?? newest(all);
  for (const bar of all) {
    const index = bar === current ? "0" : "-1";
    if (bar.getAttribute("tabindex") !== index) {
      bar.setAttribute("tabindex", index);
    }
  }
}

function newest(all) {
  return all.reduce((last, bar) => (!last || box(bar).right >= box(last).right ? bar : last), null);
}

function step(event) {
  const bar = event.target.closest?.(".bar");
  if (!bar || event.altKey || event.ctrlKey || event.metaKey) {
    return;
  }
  const next = neighbour(bar, event.key);
  if (next !== undefined) {
    event.preventDefault();
  }
  if (next) {
    bar.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
    next.querySelector(".span").scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

/** The bar that a key leads to: null where there is none, undefined where the key is another. */
function neighbour(bar, key) {
  const lanes = inLanes();
  const lane = lanes.findIndex((one) => one.includes(bar));
  const line = lanes[lane];
  if (key === "Home" || key === "End") {
    return key === "Home" ? line[0] : line[line.length - 1];
  }
  if (!KEYS[key]) {
    return undefined;
  }
  const [along, across] = KEYS[key];
  if (along) {
    return line[line.indexOf(bar) + along] ?? null;
  }
  const x = box(bar).left;
  const others = lanes[lane + across] ?? [];
  return others.reduce((near, one) => (!near || Math.abs(box(one).left - x) < Math.abs(box(near).left - x) ? one : near), null);
}

/** The bars by lane, each in the order of their starts. */
function inLanes() {
  const lanes = new Map();
  for (const bar of bars()) {
    lanes.set(bar.dataset.lane, [...(lanes.get(bar.dataset.lane) ?? []), bar]);
  }
  return [...lanes.values()];
}

/** Hide labels for which there is no room at this width of the window. */
function fit() {
  const widths = [...(plot()?.querySelectorAll(".label") ?? [])].map((label) => [
    label,
    label.firstElementChild.getComputedTextLength() + PADDING + Math.abs(Number(label.firstElementChild.getAttribute("dx"))),
    label.width.baseVal.value,
  ]);
  for (const [label, needed, room] of widths) {
    label.classList.toggle("unfit", needed > room);
  }
}

function renew() {
  rove();
  fit();
  refreshTip();
}

if (document.querySelector("[data-live]")) {
  document.addEventListener("keydown", step);
  document.addEventListener("refreshed", renew);
  window.addEventListener("resize", fit);
  followTip();
  followDrag();
  renew();
}
