// The composition root of the page: builds every part, owns the events of window and document, decides nothing else.

import { Api } from "./api.js";
import { Banner, DISK_FULL, DISK_HAS_ROOM } from "./banner.js";
import { Board } from "./board.js";
import { BoardPage } from "./boardpage.js";
import { loadCharts } from "./chart.js";
import { Clock } from "./clock.js";
import { Connection } from "./connection.js";
import { showDefinition } from "./definition.js";
import { Drafts } from "./drafts.js";
import { Empty } from "./empty.js";
import { Feed } from "./feed.js";
import { Gate } from "./gate.js";
import { Health } from "./health.js";
import { forgetKey, keepKey, takeFromFragment, viewKey, viewerId } from "./key.js";
import { Live } from "./live.js";
import { Notices } from "./notice.js";
import { Pages } from "./pages.js";
import { Painter } from "./painter.js";
import { Start } from "./start.js";
import { Status } from "./status.js";

const TICK_MS = 1_000;

const byId = (id) => document.getElementById(id);
const world = {
  socket: (url, protocol) => new WebSocket(url, protocol),
  fetch: (url, options) => fetch(url, options),
  setTimeout: (act, ms) => setTimeout(act, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  random: Math.random,
  now: () => performance.now(),
  base: new URL("./", location.href),
};

const clock = new Clock();
const serverNow = () => clock.at(performance.now()) ?? Date.now();
const feed = new Feed((messages) => connection?.send(messages), () => connection?.relist());
const api = new Api(world.fetch, viewKey, world.base);
const painter = new Painter();
const board = new Board(byId("board"), feed, painter, {
  now: serverNow,
  get: (path) => api.get(path),
  onDefinition: (tile) => showDefinition(tile, serverNow(), api),
});
const health = new Health(byId("health-page"), api, () => !document.hidden && viewKey() !== null);
const start = new Start(byId("start-page"), feed, {
  origin: location.origin,
  sdk: () => import(new URL("sdk.js", world.base).href),
  now: () => performance.now(),
});
const live = new Live(byId("live-page"), feed, painter);
const notices = new Notices(byId("notices"));
const banner = new Banner(byId("banner"));
const empty = new Empty(byId("empty"));
const status = new Status(byId("status"), () => connection?.start());
const pages = new Pages(byId("pages"));
const drafts = new Drafts(stored());
const boardPage = new BoardPage({
  board,
  bar: byId("board-bar"),
  panel: byId("board-editor"),
  link: byId("pages").querySelector("[data-page=board]"),
  scope: byId("scope"),
  api,
  drafts,
  notices,
  key: viewKey,
  now: serverNow,
  onTitle: () => pages.retitle(),
});
const gate = new Gate(byId("gate"), (key) => {
  keepKey(key);
  connect();
});

/** @type {Connection|null} */
let connection = null;
/** Whether the list of KPIs has arrived: before that nobody knows whether the board is empty. */
let listed = false;
/** Whether a snapshot of every tile can be expected by now. */
let welcomedAt = Infinity;

const on = {
  state: (state) => {
    status.set(state);
    if (state.hint) notices.show("hint", state.hint, { stays: true });
    else if (state.phase === "live") notices.hide("hint");
  },
  kpis: async (kpis) => {
    gate.hide();
    await boardPage.kpis(kpis);
    listed = true;
    tick();
  },
  opened: (welcome) => {
    welcomedAt = performance.now();
    banner.hide();
    if (welcome.evicted) notices.show("evicted", evictedText(welcome.evicted));
    feed.opened();
  },
  closed: () => feed.closed(),
  message: (message) => {
    if (message.type === "notice") noticed(message.code);
    else if (message.type === "error" && message.id === undefined) notices.show("error", `The server said: ${message.code}`);
    else feed.receive(message);
  },
  refused: (reason) => ask(reason),
};

const evictedText = (why) =>
  why === "slow" ? "The last connection could not keep up and was dropped. The board is up to date again." : `The last connection was dropped: ${why}`;

function noticed(code) {
  if (code === "boards") return boardPage.boards();
  if (code === DISK_FULL) return banner.show();
  if (code === DISK_HAS_ROOM) return banner.hide() && notices.show("roomy", "The disk of the gateway has room again: it takes events.");
  if (code !== "conflated") return notices.show("notice", `The server said: ${code}`);
  status.slowed();
  return notices.show(code, "This connection is slow: the server merges updates. Numbers stay exact, they come less often.");
}

function connect() {
  connection?.stop();
  listed = false;
  const key = viewKey();
  if (!key) return ask();
  gate.hide();
  connection = new Connection({ key, viewer: viewerId(), clock, on, env: world });
  return connection.start();
}

/** Ask for a key; nothing of the former one stays on the page. */
function ask(reason = "") {
  connection?.stop();
  connection = null;
  forgetKey();
  boardPage.clear();
  live.forget();
  health.forget();
  start.forget();
  empty.show("none");
  notices.hide("hint");
  banner.hide();
  status.set({ phase: "locked", text: "", retryAt: null, hint: "" });
  gate.show(reason);
}

/** Storage that a browser may refuse to give. */
function stored() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

function tick() {
  board.tick();
  status.draw(performance.now());
  status.measure(serverNow(), board.times, board.size);
  if (!listed) return;
  const settled = performance.now() - welcomedAt > TICK_MS;
  if (board.size === 0) empty.show("tiles");
  else if (board.alive) empty.show("none");
  else if (settled) empty.show("events");
}

document.addEventListener("visibilitychange", () => feed.show(!document.hidden));
addEventListener("online", () => connection?.start());
addEventListener("storage", ({ key }) => drafts.changed(key) && boardPage.redraft());
addEventListener("hashchange", () => takeFromFragment() && connect());
for (const other of ["(prefers-color-scheme: dark)", "print"]) matchMedia(other).addEventListener("change", () => board.recolor());
byId("skip").addEventListener("click", () => pages.skip());
byId("forget").addEventListener("click", () => ask());

pages.add("board", byId("board-page"), boardPage);
pages.add("live", byId("live-page"), live);
pages.add("health", byId("health-page"), health);
pages.add("start", byId("start-page"), start);

takeFromFragment();
pages.start();
feed.show(!document.hidden);
if (!(await loadCharts())) notices.show("charts", "Charts are not installed; numbers and tables work. Run the set-up to add them.");
setInterval(tick, TICK_MS);
await connect();
