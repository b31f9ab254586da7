// The page of one deployment: copies its events as commands, and finds a host among many.

const COPY = "Copy as curl";
const SAID_MS = 2000;
document.documentElement.classList.add("js");
const said = document.getElementById("said");

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
  const part = document.getElementById("host-filter")?.value.trim().toLowerCase() ?? "";
  for (const host of document.querySelectorAll("#hosts li")) {
    host.hidden = !host.textContent.toLowerCase().includes(part);
  }
  if (part) {
    document.getElementById("more-hosts").open = true;
    const shown = document.querySelectorAll("#hosts li:not([hidden])").length;
    document.getElementById("found").textContent = `${shown} found`;
  } else {
    document.getElementById("found")?.replaceChildren();
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    copy(button);
  }
});
document.addEventListener("input", (event) => event.target.id === "host-filter" && find());
document.addEventListener("refreshed", find);
find();
