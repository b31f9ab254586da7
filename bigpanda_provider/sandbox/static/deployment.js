// The page of one deployment: copies its events as commands, and finds a host among many.
"use strict";

const COPY = "Copy as curl";
const SAID_MS = 2000;
const said = document.getElementById("said");
let wanted = "";

function selected(element) {
  window.getSelection().selectAllChildren(element);
}

// The clipboard is there on https and on this machine alone. Elsewhere what is selected can be copied.
async function copied(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    for (let fold = element.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.open = true;
    }
    selected(element);
    return document.execCommand("copy");
  }
}

async function copy(button) {
  const words = (await copied(document.getElementById(button.dataset.copy))) ? "Copied" : "Selected; press Ctrl+C";
  button.textContent = words;
  said.textContent = words;
  setTimeout(() => {
    button.textContent = COPY;
    said.textContent = "";
  }, SAID_MS);
}

function find() {
  const input = document.getElementById("host-filter");
  if (!input) {
    return;
  }
  if (input.value !== wanted) {
    input.value = wanted;
  }
  const part = wanted.trim().toLowerCase();
  for (const host of document.querySelectorAll("#hosts li")) {
    host.hidden = !host.textContent.toLowerCase().includes(part);
  }
  const fold = document.getElementById("more-hosts");
  if (part) {
    fold.open = true;
  }
  const shown = document.querySelectorAll("#hosts li:not([hidden])").length;
  document.getElementById("found").textContent = part ? `${shown} found` : "";
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    copy(button);
  }
});
document.addEventListener("input", (event) => {
  if (event.target.id === "host-filter") {
    wanted = event.target.value;
    find();
  }
});
// What was typed counts on when the page's content is replaced.
new MutationObserver(find).observe(document.getElementById("content"), { childList: true });
