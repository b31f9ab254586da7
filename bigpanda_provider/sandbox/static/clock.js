// Times that go on: how long something has been in progress, and how long ago it started.

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

function write(one, text) {
  if (one.textContent !== text) {  // what is selected in it would not be any more
    one.textContent = text;
  }
}

function tick() {
  for (const one of document.querySelectorAll("time[data-time]")) {
    write(one, ago(Date.now() / 1000 - Number(one.dataset.time)));
  }
  for (const one of document.querySelectorAll("[data-since]")) {
    write(one, duration(Date.now() / 1000 - Number(one.dataset.since)));
  }
}

document.addEventListener("refreshed", tick);
setInterval(tick, 1000);
