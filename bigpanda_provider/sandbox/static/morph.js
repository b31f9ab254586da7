// Puts what the server says now in the place of what it said before: only what is different is touched, so that
// focus, selected text, typed text, open folds and the place on the page stay as they are.

/** The nodes of a page by what the server sent for them: that is compared, since scripts and users change the page. */
const shown = new WeakMap();
const served = new WeakSet();

/** Remember that a node of the page shows what the server sent: a copy of it. */
export function remember(sent, node) {
  shown.set(sent, node);
  served.add(node);
  sent.childNodes.forEach((child, number) => remember(child, node.childNodes[number]));
}

/** Change the page from what the server sent before to what it sends now. */
export function update(before, now) {
  const node = shown.get(before);
  shown.set(now, node);
  if (before.nodeType !== Node.ELEMENT_NODE) {
    if (before.data !== now.data) {
      node.data = now.data;
    }
    return;
  }
  updateAttributes(before, now, node);
  updateChildren(before, now, node);
}

function updateAttributes(before, now, node) {
  for (const { name } of before.attributes) {
    if (!now.hasAttribute(name)) {
      node.removeAttribute(name);
    }
  }
  for (const { name, value } of now.attributes) {
    if (before.getAttribute(name) !== value) {
      node.setAttribute(name, value);
    }
  }
}

function updateChildren(before, now, node) {
  const partners = matched(before, now);
  const kept = new Set(partners.values());
  for (const old of before.childNodes) {
    if (!kept.has(old)) {
      shown.get(old).remove();
    }
  }
  let place = null;
  for (const child of [...now.childNodes].reverse()) {
    const old = partners.get(child);
    if (old) {
      update(old, child);
    } else {
      remember(child, document.importNode(child, true));
    }
    const one = shown.get(child);
    if (!old || one.parentNode === node) {  // else a script has taken it away, and may bring it back
      if (!old || nextServed(one) !== place) {
        node.insertBefore(one, place);
      }
      place = one;
    }
  }
}

/** The next sibling that is from the server; others are a script's. */
function nextServed(node) {
  let next = node.nextSibling;
  while (next && !served.has(next)) {
    next = next.nextSibling;
  }
  return next;
}

/** Which child of before each child of now is: by its id or that of what is in it, else by its kind, in order. */
function matched(before, now) {
  const free = new Map();
  for (const old of before.childNodes) {
    const key = keyOf(old);
    if (!free.has(key)) {
      free.set(key, []);
    }
    free.get(key).push(old);
  }
  const found = new Map();
  for (const child of now.childNodes) {
    const old = free.get(keyOf(child))?.shift();
    if (old) {
      found.set(child, old);
    }
  }
  return found;
}

function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) {  // it goes with what it follows, so that this need not move
    return `${node.nodeName} ${node.previousSibling ? keyOf(node.previousSibling) : ""}`;
  }
  const id = node.id || (node.matches("tbody, tr, li") && node.querySelector("[id]")?.id) || "";
  return `${node.nodeName} ${id}`;
}
