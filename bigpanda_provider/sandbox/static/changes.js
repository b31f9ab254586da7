// Keeps the page as it is on the server: when something changes there, its content is fetched anew and put in place.
"use strict";

document.documentElement.classList.add("js");

const live = document.getElementById("live");
const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

function duration(seconds) {
  const parts = [];
  let left = Math.max(Math.floor(seconds), 0);
  for (const [size, unit] of units) {
    if (left >= size || (unit === "s" && parts.length === 0)) {
      parts.push(`${Math.floor(left / size)} ${unit}`);
      left %= size;
    }
  }
  return parts.slice(0, 2).join(" ");
}

function ago(seconds) {
  const largest = duration(Math.abs(seconds)).split(" ").slice(0, 2).join(" ");
  return seconds >= 0 ? `${largest} ago` : `in ${largest}`;
}

function tick() {
  for (const one of document.querySelectorAll("time[data-time]")) {
    const words = ago(Date.now() / 1000 - Number(one.dataset.time));
    if (one.textContent !== words) {
      one.textContent = words;
    }
  }
  for (const one of document.querySelectorAll("[data-since]")) {
    one.textContent = duration(Date.now() / 1000 - Number(one.dataset.since));
  }
}

function origin() {
  for (const one of document.querySelectorAll("[data-origin]")) {
    one.textContent = window.location.origin;
  }
}

function told(words, lost) {
  live.hidden = false;
  live.textContent = words;
  live.classList.toggle("lost", lost);
}

let fetching = false;
let again = false;

async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("content");
      const old = document.getElementById("content");
      if (fresh && old && fresh.innerHTML !== old.innerHTML) {
        const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
        const unfolded = [...old.querySelectorAll("details[open]")].map((one) => one.id);
        old.replaceChildren(...fresh.childNodes);
        for (const id of unfolded) {
          document.getElementById(id)?.setAttribute("open", "");
        }
        const same = focused && document.getElementById(focused);
        if (same) {
          same.focus({ preventScroll: true });
        }
        origin();
        tick();
      }
    }
  } catch {
    // the stream tells that the server is gone
  } finally {
    fetching = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

if (document.querySelector("[data-live]")) {
  const stream = new EventSource("/stream");
  stream.onopen = () => told("live", false);
  stream.onmessage = refresh;
  stream.onerror = () => told("the sandbox does not answer; trying again", true);
}
origin();
setInterval(tick, 1000);
