/** What a project in TypeScript may write, held to the declarations that the package has. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";

import ts from "typescript";

const HOME = fileURLToPath(new URL("..", import.meta.url));
const APP = `${HOME}app.ts`;
/** The declarations, as `npm run build` writes them. @type {Map<string, string>} */
const declared = new Map();
/** What does not change from one look to the next: the compiler's own library. @type {Map<string, ts.SourceFile | undefined>} */
const parsed = new Map();

before(() => {
  const { config } = ts.readConfigFile(`${HOME}tsconfig.types.json`, ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, HOME);
  ts.createProgram(fileNames, options).emit(undefined, (name, text) => declared.set(name, text));
  assert.ok(declared.has(`${HOME}dist/types/index.d.ts`));
});

/**
 * What the compiler says of such a file, as strictly as it can.
 * @param {string} text
 * @param {ts.ModuleKind} module
 */
function complaints(text, module) {
  const moduleResolution = module === ts.ModuleKind.Node16 ? ts.ModuleResolutionKind.Node16 : ts.ModuleResolutionKind.Bundler;
  const lib = ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"];
  /** @type {ts.CompilerOptions} */
  const options = { strict: true, exactOptionalPropertyTypes: true, noEmit: true, types: [], target: ts.ScriptTarget.ES2022, module, moduleResolution, lib };
  const virtual = new Map([...declared, [APP, text]]);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => virtual.has(name) || fileExists(name);
  host.readFile = (name) => virtual.get(name) ?? readFile(name);
  host.directoryExists = () => true;
  host.getSourceFile = (name, target, ...rest) => {
    const own = virtual.get(name);
    if (own !== undefined) return ts.createSourceFile(name, own, target);
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, target, ...rest));
    return parsed.get(name);
  };
  const program = ts.createProgram([APP], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

const USE = `
import tidegate, { init, capture, flush, group, identify, ledger, on, register } from "./dist/types/index.js";
import { start } from "./dist/types/modules/clicks.js";
import * as stitch from "./dist/types/modules/stitch.js";
interface Order { value: number; currency: string }
const order: Order = { value: 49.9, currency: "EUR" };
init("wk", {
  url: "https://gateway.example",
  modules: [stitch, "pageviews", { name: "clicks", start }, { name: "mine", start: ({ capture }) => capture("mine") }],
  pageviews: { hash: true },
  scroll: { root: "#main" },
  outbound: { domains: ["shop.example"], extensions: ["pdf"] },
  stitch: { domains: ["shop.example"] },
  redact: ["email", /x/],
  beforeSend: (event) => (event.event === "noise" ? null : { ...event, properties: { ...event.properties, a: 1 } }),
});
capture("purchase", order, { priority: "high", timestamp: new Date() });
identify(17, order);
group("company", "acme", order);
register(order);
const told: boolean = await flush();
const pending: number = ledger().pending;
const undo: () => void = on("verdict", ({ reason }) => console.log(reason, told, pending));
tidegate.shutdown().then(undo);
export {};
`;

for (const [name, module] of /** @type {const} */ ([["bundler", ts.ModuleKind.ES2022], ["node16", ts.ModuleKind.Node16]]))
  test(`what the documentation shows compiles, and interfaces are properties (${name})`, () => {
    assert.deepEqual(complaints(USE, module), []);
  });

test("a setting that does not exist, or is of a wrong type, is found", () => {
  const said = (/** @type {string} */ setting) =>
    complaints(`import { init } from "./dist/types/index.js"; init("wk", { ${setting} });`, ts.ModuleKind.ES2022);
  assert.match(`${said('queryallow: ["q"]')}`, /'queryallow' does not exist in type/);
  assert.match(`${said("pageviews: { hashes: true }")}`, /'hashes' does not exist in type/);
  assert.match(`${said('maxEvents: "500"')}`, /not assignable to type 'number'/);
});
