/** What `init` takes. Types alone: nothing here is code. */

/**
 * @typedef {object} Config
 * @property {string} [url] the gateway's origin; default: where the SDK was loaded from
 * @property {string} [name] namespace of all that is stored; default "tidegate"
 * @property {boolean} [pageview] capture a page view at `init`; default true
 * @property {(string | import("./modules.js").NamedModule)[]} [modules] optional modules: names of ours, which are loaded, or your own
 * @property {number} [maxEvents] events that the queue of one tab holds; default 2,000, also for what is no number above 0
 * @property {number} [maxBytes] their bytes; default 1 MiB
 * @property {number} [ttl] milliseconds after which a stored event is no longer sent; default 48 hours
 * @property {import("./consent.js").Consent} [consent] until the person chooses; default "granted"
 * @property {boolean} [gpc] honour Global Privacy Control; default true
 * @property {boolean} [dnt] honour Do Not Track; default false
 * @property {boolean} [cookieless] store nothing at all: ids and events live as long as the page
 * @property {string[]} [queryAllow] the only query parameters whose values are sent; default: all but secret ones
 * @property {string[]} [properties] the only properties of the page's own that are sent; default: all
 * @property {(string | RegExp)[]} [redact] properties to mask by name, at any depth, and patterns to mask wherever they are found in any text
 * @property {(event: import("./event.js").WireEvent) => import("./event.js").WireEvent | null} [beforeSend] sees each
 *   event last; what it returns is sent, null drops the event uncounted; what is no event, such as a promise, costs it
 * @property {Partial<Record<Priority, number>>} [shed] fraction of events given up, and counted, while the server is
 *   overloaded (level 2); default `{ low: 1, normal: 0, high: 0 }`
 * @property {Parameters<typeof import("./modules/pageviews.js").start>[1]} [pageviews] options of that module
 * @property {Parameters<typeof import("./modules/scroll.js").start>[1]} [scroll] options of that module
 * @property {Parameters<typeof import("./modules/outbound.js").start>[1]} [outbound] options of that module
 * @property {Parameters<typeof import("./modules/stitch.js").start>[1]} [stitch] options of that module
 */
/** @typedef {"low" | "normal" | "high"} Priority */
/** @typedef {{timestamp?: number | Date, priority?: Priority}} CaptureOptions */

export {};
