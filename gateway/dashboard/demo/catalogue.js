/** What the shop sells, and how it is drawn: shapes on a 200 x 200 sheet, back to front. */

/**
 * @typedef {object} Product
 * @property {number} id
 * @property {string} name
 * @property {string} category
 * @property {number} price EUR
 * @property {string} line
 * @property {string} story
 * @property {string} ground colour behind the drawing
 * @property {[string, Record<string, string | number>][]} shapes
 */

const round = (cx, cy, r, fill) => ["circle", { cx, cy, r, fill }];
const oval = (cx, cy, rx, ry, fill) => ["ellipse", { cx, cy, rx, ry, fill }];
const path = (d, fill) => ["path", { d, fill }];
const line = (d, stroke, width = 4) => [
  "path",
  { d, stroke, fill: "none", "stroke-width": width, "stroke-linecap": "round" },
];
const shadow = oval(100, 171, 58, 7, "#0000001f");

/** @type {Product[]} */
export const PRODUCTS = [
  {
    id: 1,
    name: "Dusk lamp",
    category: "Light",
    price: 89,
    line: "A paper shade on turned oak",
    story:
      "Warm light for the end of the day. The shade is folded from washi paper, the foot turned from one piece of oak.",
    ground: "#f3dcc0",
    shapes: [
      round(100, 82, 66, "#fff3df"),
      shadow,
      path("M95 108h10v52h-10z", "#8a5a3b"),
      path("M72 160q28-12 56 0l6 8q-34 8-68 0z", "#a06c48"),
      path("M70 40h60l22 70q-52 14-104 0z", "#f08a4b"),
      path("M100 40h30l22 70q-26 7-52 7z", "#e0743a"),
      line("M84 46l-10 64M116 46l10 64", "#ffffff66", 3),
    ],
  },
  {
    id: 2,
    name: "Tide mug",
    category: "Table",
    price: 24,
    line: "Stoneware, thrown by hand",
    story: "Holds a third of a litre and sits in two hands. The glaze pools a little differently on each one.",
    ground: "#cfe3e2",
    shapes: [
      shadow,
      line("M138 86q34-2 30 26t-34 26", "#2f6f73", 12),
      path("M52 66h92v72q0 30-30 30H82q-30 0-30-30z", "#3d8b8f"),
      path("M52 66h92v26q-24 18-46 4T52 104z", "#e9f4f0"),
      oval(98, 66, 46, 11, "#2f6f73"),
      oval(98, 68, 38, 7, "#6b4a35"),
      line("M84 42q-8-10 0-20M108 40q-8-10 0-20", "#ffffffb0", 4),
    ],
  },
  {
    id: 3,
    name: "Heath blanket",
    category: "Textile",
    price: 129,
    line: "Lambswool, woven in a small mill",
    story: "Heavy enough for January, soft enough for the sofa. Undyed wool with two stripes of madder.",
    ground: "#e6dbe8",
    shapes: [
      shadow,
      path("M40 128q0-20 20-20h80q20 0 20 20v22q0 16-16 16H56q-16 0-16-16z", "#7a5c8c"),
      path("M46 92q0-18 20-18h68q20 0 20 18v26H46z", "#9273a6"),
      path("M54 60q0-16 18-16h56q18 0 18 16v22H54z", "#b598c4"),
      path("M46 98h108v10H46zM54 64h92v8H54z", "#e8d6ee"),
      path("M40 138h120v10H40z", "#c9566b"),
      line("M48 166v8M64 167v8M80 168v8M96 168v8M112 168v8M128 168v8M144 166v8", "#7a5c8c", 3),
    ],
  },
  {
    id: 4,
    name: "Meadow vase",
    category: "Table",
    price: 46,
    line: "For three stems and no more",
    story: "Mouth-blown glass with a narrow neck, so that a few stems from the roadside stand as they grew.",
    ground: "#dbe7cd",
    shapes: [
      shadow,
      line("M98 96Q92 62 70 44M102 96q2-40 4-66M104 96q10-32 32-46", "#5c7f4c", 4),
      oval(66, 40, 12, 9, "#f2b84b"),
      round(107, 28, 12, "#e2725b"),
      oval(138, 48, 11, 9, "#f6f1e4"),
      round(107, 28, 4, "#7d2e22"),
      path("M90 90h20q-2 20 16 36t-4 40q-22 8-44 0-20-24-4-40t16-36z", "#7fb3a6"),
      path("M74 136q26 10 52 0 6 16-4 30-22 8-44 0-10-14-4-30z", "#5d9b8c"),
      line("M88 108q-12 16-12 34", "#ffffff90", 4),
    ],
  },
  {
    id: 5,
    name: "Field notes",
    category: "Paper",
    price: 18,
    line: "Thread-sewn, lies flat",
    story: "160 pages of cream paper that takes ink without a ghost. The cover is cloth and grows better with use.",
    ground: "#f1e3b8",
    shapes: [
      shadow,
      path("M62 40h74q8 0 8 8v112q0 8-8 8H62z", "#f7f1e1"),
      path("M56 36h74q10 0 10 10v108q0 10-10 10H56z", "#34506b"),
      path("M56 36h14v128H56z", "#263d53"),
      path("M88 66h36v22H88z", "#f1e3b8"),
      line("M94 73h24M94 80h16", "#8a7a4a", 3),
      line("M122 36v128", "#e2725b", 5),
    ],
  },
  {
    id: 6,
    name: "Amber candle",
    category: "Light",
    price: 32,
    line: "Beeswax, forty quiet hours",
    story: "Poured from the wax of one apiary. It smells of honey before you light it and of almost nothing after.",
    ground: "#efd2cc",
    shapes: [
      round(100, 60, 44, "#fff0d8"),
      shadow,
      path("M100 30q18 22 8 38-8 10-16 0-10-14 8-38z", "#f6a13c"),
      path("M100 46q8 12 4 20-4 5-8 0-4-8 4-20z", "#fff3c9"),
      line("M100 70v14", "#4b3a2f", 3),
      path("M64 92q36-14 72 0v64q0 12-36 12t-36-12z", "#e0a33f"),
      path("M64 92q36-14 72 0-4 8-12 8-2 22-10 22t-8-20H76q-12 0-12-10z", "#f4c766"),
      path("M64 124h72v26q-36 10-72 0z", "#fbf4e6"),
      line("M84 136h32", "#a8763e", 3),
    ],
  },
];

/** @param {number} id @returns {Product | undefined} */
export const productById = (id) => PRODUCTS.find((product) => product.id === id);

const EUROS = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR" });

/** @param {number} value EUR */
export const price = (value) => EUROS.format(value);
