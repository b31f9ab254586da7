// Keeps the page as it is on the server: when something changes there, it is fetched anew, and what is different is
// put in place. Scripts that add to the page listen for "refreshed".
import { remember, update } from "./morph.js";

const LEAST_WAIT = 500;
const MOST_WAIT = 10_000;
/** The server says something every 15 s. A connection that is silent for longer is gone, as after a laptop slept. */
const SILENCE = 40_000;
/** So often a page on which something moves with the time is fetched anew. */
const TURN = 30_000;
const FETCH_LIMIT = 15_000;
const PLACES = [0.3, 0.5, 0.7, 0.1, 0.9];
const LINES = "tr, li, dt, dd, p, h1, h2, summary, pre";

const status = document.getElementById("live");
const content = document.querySelector("[data-live]");

let sent = content?.cloneNode(true);
let fetching = false;
let again = false;
let fetched = Date.now();

async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  again = false;
  const done = await load();
  fetching = false;
  fetched = Date.now();
  if (again || !done) {
    setTimeout(refresh, done ? 0 : MOST_WAIT);
  }
}

/** Whether the page is as the server has it now, or the connection is lost, so that it will be told anew. */
async function load() {
  try {
    const headers = { Accept: "text/html" };
    const answer = await fetch(window.location.href, { headers, signal: AbortSignal.timeout(FETCH_LIMIT) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    show(answer.ok && page.getElementById(content.id));
    return answer.ok || !stream;
  } catch {
    return !stream;
  }
}

function show(fresh) {
  if (!fresh) {
    return;
  }
  const focused = document.activeElement;
  const line = inView();
  const top = line?.getBoundingClientRect().top;
  update(sent, fresh);
  sent = fresh;
  const same = focused.isConnected ? focused : focused.id && document.getElementById(focused.id);
  if (same && same !== document.activeElement) {
    same.focus({ preventScroll: true });
  }
  document.dispatchEvent(new Event("refreshed"));
  if (line?.isConnected) {
    window.scrollBy({ top: line.getBoundingClientRect().top - top, behavior: "instant" });
  }
}

/** A line that is being read: it stays in its place. At the top of the page what is new is looked for instead. */
function inView() {
  const { clientWidth: width, clientHeight: height } = document.documentElement;
  const found = PLACES.map((part) => document.elementFromPoint(width / 3, height * part)?.closest(LINES));
  return window.scrollY > 0 ? found.find((line) => line && content.contains(line)) : undefined;
}

let stream = null;
let wait = LEAST_WAIT;
let retry = 0;
let heard = 0;

function connect() {
  clearTimeout(retry);
  stream?.close();
  heard = Date.now();
  stream = new EventSource("/stream");
  stream.onmessage = () => {  // the first one comes at once: what was missed meanwhile is fetched
    hear();
    refresh();
  };
  stream.addEventListener("alive", hear);
  stream.onerror = lose;
}

function hear() {
  heard = Date.now();
  wait = LEAST_WAIT;
  tell("live", false);
}

function lose() {
  stream?.close();
  stream = null;
  tell("Connection lost; trying again", true);
  clearTimeout(retry);
  retry = setTimeout(connect, wait);
  wait = Math.min(wait * 2, MOST_WAIT);
}

function tell(words, lost) {
  status.hidden = false;
  if (status.textContent !== words) {
    status.textContent = words;
  }
  status.classList.toggle("lost", lost);
}

/** A page that nobody sees holds no connection; it catches up when somebody looks at it again. */
function look() {
  if (document.hidden) {
    clearTimeout(retry);
    stream?.close();
    stream = null;
  } else {
    connect();
  }
}

function watch() {
  if (document.hidden) {
    return;
  }
  if (stream && Date.now() - heard > SILENCE) {
    lose();
  } else if (stream && Date.now() - fetched > TURN && content.querySelector("[data-moves]")) {
    refresh();
  }
}

if (content) {
  remember(sent, content);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pageshow", (event) => event.persisted && look());
  window.addEventListener("online", look);
  window.addEventListener("pagehide", () => stream?.close());
  setInterval(watch, 1000);
  look();
}
