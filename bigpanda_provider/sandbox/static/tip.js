// The tooltip of the timeline's bars, for mouse, keyboard and touch. It can be pointed at, and Escape closes it.

const GAP = 8;
/** So many pixels beside a bar a finger may touch. */
const REACH = 22;
const LEAVING = 150;

const tip = document.createElement("div");
tip.id = "tip";
tip.className = "tip";
tip.setAttribute("role", "tooltip");
tip.hidden = true;

let shownFor = null;
let title = null;
let touched = false;
let leaving = 0;

/** The tooltip for a bar. Its text is that of the bar's title, which the browser would show beside it. */
function show(bar, hint) {
  clearTimeout(leaving);
  if (bar === shownFor) {
    return;
  }
  hide();
  shownFor = bar;
  title = bar.querySelector("title");
  bar.setAttribute("aria-label", title.textContent.replaceAll("\n", ", "));
  bar.setAttribute("aria-describedby", tip.id);
  bar.classList.add("told");
  title.remove();
  write(hint);
}

function hide() {
  clearTimeout(leaving);
  if (!shownFor) {
    return;
  }
  shownFor.prepend(title);
  shownFor.removeAttribute("aria-label");
  shownFor.removeAttribute("aria-describedby");
  shownFor.classList.remove("told");
  shownFor = null;
  tip.hidden = true;
}

function write(hint) {
  const lines = title.textContent.split("\n");
  tip.replaceChildren(
    ...lines.map((line, number) => {
      const one = document.createElement("div");
      one.textContent = line;
      one.className = ["name", `state ${shownFor.classList[1]}`][number] ?? "";
      return one;
    }),
  );
  if (shownFor.dataset.started) {
    keepTime(tip.children[1]);
  }
  if (hint) {
    const one = document.createElement("div");
    one.className = "hint";
    one.textContent = "Tap again to open";
    tip.append(one);
  }
  tip.hidden = false;
  place();
}

/** "in progress for 5 s" goes on. */
function keepTime(line) {
  const [words, time] = line.textContent.split(/(?<= for )/);
  const running = document.createElement("span");
  running.dataset.since = shownFor.dataset.started;
  running.textContent = time;
  line.replaceChildren(words, running);
}

/** Below the bar, or above it where there is no room below: never over it, and near enough to be pointed at. */
function place() {
  const bar = shownFor.querySelector(".span").getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const wide = document.documentElement.clientWidth;
  const left = Math.min(Math.max(bar.left + Math.min(bar.width, 200) / 2 - width / 2, GAP), wide - width - GAP);
  const below = bar.bottom + GAP;
  const top = below + height > window.innerHeight && bar.top - GAP - height >= 0 ? bar.top - GAP - height : below;
  tip.style.left = `${Math.max(left, GAP) + window.scrollX}px`;
  tip.style.top = `${top + window.scrollY}px`;
}

const barAt = (event) => event.target.closest?.("#plot .bar");

function nearest(event) {
  let found = null;
  let least = REACH;
  for (const bar of document.querySelectorAll("#plot .bar")) {
    const box = bar.querySelector(".span").getBoundingClientRect();
    const across = Math.max(box.left - event.clientX, event.clientX - box.right, 0);
    const along = Math.max(box.top - event.clientY, event.clientY - box.bottom, 0);
    const far = Math.hypot(across, along);
    if (far < least) {
      [found, least] = [bar, far];
    }
  }
  return found;
}

/** The first touch shows the tooltip, the second one opens the deployment. */
function touch(event) {
  if (!touched || !event.target.closest?.("#plot")) {
    return;
  }
  const bar = barAt(event) ?? nearest(event);
  if (!bar) {
    hide();
  } else if (bar !== shownFor || !tip.querySelector(".hint")) {
    event.preventDefault();
    hide();
    show(bar, true);
  } else if (!barAt(event)) {
    window.location.assign(bar.href.baseVal);
  }
}

export function refreshTip() {
  if (shownFor && !shownFor.isConnected) {
    hide();
  } else if (shownFor) {
    write(tip.querySelector(".hint") !== null);
  }
}

export const hideTip = hide;

export function followTip() {
  document.querySelector("main").append(tip);
  document.addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch";
    if (touched && !event.target.closest?.("#plot, #tip")) {
      hide();
    }
  });
  document.addEventListener("click", touch);
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch" || event.buttons) {
      return;
    }
    if (barAt(event)) {
      show(barAt(event), false);
    } else if (event.target.closest?.("#tip")) {
      clearTimeout(leaving);
    } else if (shownFor && shownFor !== document.activeElement) {
      clearTimeout(leaving);
      leaving = setTimeout(hide, LEAVING);
    }
  });
  document.addEventListener("focusin", (event) => barAt(event)?.matches(":focus-visible") && show(barAt(event), false));
  document.addEventListener("focusout", (event) => barAt(event) && hide());
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  window.addEventListener("resize", hide);
}
