// The parts that a tile is made of, by its view.

import { BarsPart } from "./tiles/bars.js";
import { FunnelPart } from "./tiles/funnel.js";
import { RetentionPart } from "./tiles/retention.js";
import { SessionsPart } from "./tiles/sessions.js";
import { TrendPart } from "./tiles/trend.js";
import { roomOf } from "./tileview.js";

/**
 * @typedef {object} Part
 * @property {HTMLElement} element
 * @property {(scene: import("./tile.js").Scene) => void} draw
 * @property {boolean} [due] it has to be drawn again soon
 * @property {() => void} [refresh] @property {() => void} [resize] @property {() => void} [recolor] @property {() => void} [destroy]
 */

/**
 * @param {import("./tile.js").Showing} showing
 * @param {(text: string|null) => void} hover
 * @returns {Part[]} in their order from the top
 */
export function partsFor({ meta, plan, view, size }, hover) {
  const unit = String(meta.unit ?? "");
  const legend = view !== "groups" && plan.shape === "groups" && !plan.additive;
  const trend = () => new TrendPart({ unit, additive: plan.additive, legend, hover });
  const bars = () => new BarsPart({ rows: roomOf(size, view), heading: plan.by.length ? plan.by.join(" · ") : "Item", unit });
  switch (view) {
    case "groups":
      return [trend(), bars()];
    case "bars":
    case "top":
      return [bars()];
    case "funnel":
      return [new FunnelPart({ sql: meta.value })];
    case "retention":
      return [new RetentionPart({ rows: roomOf(size, view), sql: meta.value, window: plan.window })];
    case "sessions":
      return [new SessionsPart(), bars()];
    default:
      return [trend()];
  }
}
