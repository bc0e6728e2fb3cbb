import assert from "node:assert/strict";
import { test } from "node:test";

import { watchLifecycle } from "../src/lifecycle.js";

class Page extends EventTarget {
  document = Object.assign(new EventTarget(), { hidden: false });

  fire(name, fields = {}) {
    const target = name === "visibilitychange" ? this.document : this;
    target.dispatchEvent(Object.assign(new Event(name), fields));
  }
}

test("hiding, leaving, coming back and going online are told, until undone", () => {
  const page = new Page();
  const told = [];
  const listeners = Object.fromEntries(
    ["hide", "leave", "back", "online"].map((name) => [name, () => told.push(name)]),
  );
  const undo = watchLifecycle(page, listeners);
  page.fire("visibilitychange");
  page.document.hidden = true;
  page.fire("visibilitychange");
  page.fire("pageshow", { persisted: false });
  page.fire("pageshow", { persisted: true });
  page.fire("pagehide", { persisted: true });
  page.fire("online");
  page.fire("unload");
  assert.deepEqual(told, ["hide", "back", "leave", "online"]);
  undo();
  page.fire("pagehide");
  assert.equal(told.length, 4);
});
