/**
 * Builds what browsers load, from `src` into `dist`: `node build.js`.
 *
 *   sdk.js                  the first part, an ES module; the rest lies below sdk/
 *   sdk/delivery-HASH.js    the second part; the hash, so that two releases are never mixed
 *   sdk/modules/NAME.js     optional modules, each alone but for sdk/modules/common-HASH.js
 *   tidegate.js             all of it in one classic script
 *   types/                  declarations (tsc)
 *   NAME.js.br              each script once more, as brotli makes it: a tenth less than gzip, which servers do themselves
 *   build.json              the hash of the sources, which tells a build that is older than they are
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

import { build } from "esbuild";
import { minify } from "terser";

const HERE = dirname(fileURLToPath(import.meta.url));
const SOURCES = join(HERE, "src");
const DIST = join(HERE, "dist");

/**
 * Property names that nobody sees but our own code, and that are never stored or sent: they are shortened, the same in
 * both parts. A test holds that none is a name of the API, of a setting, of a message or of the platform.
 */
export const INTERNAL =
  "adopt around attach backoff balance beacon bySeq caps certain chunk chunks dial discard dropped emit expire " +
  "failures fenced flushMs forget fresh grant hide highest hit holdUntil identity immediate kept kick lease leave " +
  "makeId notBefore oldest online opened place poll progressed queue receive reconnect renumber restart sealed " +
  "settle sheds since tab take touch unsaved visitor wake wall welcomed windowId working " +
  "firstHiddenTime onHidden"; // the last two are those of web-vitals among its own functions

/** Modules that tell of elements: what they have in common is large enough to be loaded once for all of them. */
const DESCRIBING = ["clicks", "dead", "outbound", "rage"];
const COMMON = `
  export * from "./modules/element.js";
  export * from "./modules/link.js";
`;

/** Names of the optional modules: the files there that have a `start`; the others are parts of those. */
const modules = () =>
  readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => /^modules\/[^/]+\.js$/.test(file))
    .filter((file) => /^export function start\b/m.test(readFileSync(join(SOURCES, file), "utf8")))
    .map((file) => file.slice("modules/".length, -".js".length))
    .sort();

/**
 * One file and its source map, by their path below dist; and the short names.
 * @param {import("esbuild").BuildOptions} options
 * @param {string} outfile below dist
 */
async function bundle(options, outfile) {
  const { outputFiles, mangleCache } = await build({
    bundle: true,
    minify: true,
    mangleProps: /^_/, // as web-vitals names what is private to it
    format: "esm",
    target: "es2022",
    sourcemap: "external", // the gateway names it in a header, which the script itself need not carry
    write: false,
    legalComments: "none",
    absWorkingDir: HERE,
    outfile: join(DIST, outfile),
    ...options,
    plugins: [...(options.plugins ?? []), vitals],
  });
  const [map, script] = /** @type {import("esbuild").OutputFile[]} */ (outputFiles).map(({ text }) => text);
  const sourceMap = { content: map, includeSources: true };
  const smaller = await minify(script, { ecma: 2020, module: true, compress: { passes: 4, unsafe_arrows: true, keep_fargs: false, inline: 1, sequences: false, unsafe_methods: true }, sourceMap }); // by a twentieth
  const files = [
    [outfile, smaller.code],
    [`${outfile}.map`, smaller.map],
  ];
  return { files: /** @type {[string, string][]} */ (files), mangleCache };
}

/**
 * The built files, by their path below dist.
 * @returns {Promise<Map<string, string>>}
 */
export async function bundles() {
  const mangleProps = RegExp(`^(${INTERNAL.replaceAll(" ", "|")}|_.*)$`);
  const entryPoints = ["src/delivery.js"];
  const trial = await bundle({ entryPoints, mangleProps, mangleCache: {} }, "delivery.js");
  const shortened = { mangleProps, mangleCache: trial.mangleCache };
  const delivery = `sdk/delivery-${digest(trial.files[0][1]).slice(0, 8)}.js`;
  const core = { entryPoints: ["src/index.js"], external: ["./sdk/*"], plugins: [below(delivery)] };
  const whole = { stdin: { contents: entry(), resolveDir: SOURCES } };
  const parts = [
    await bundle({ entryPoints, ...shortened }, delivery),
    exporting(await bundle({ ...core, ...shortened }, "sdk.js")),
    await bundle({ ...whole, ...shortened, format: "iife" }, "tidegate.js"),
  ];
  const common = { stdin: { contents: COMMON, resolveDir: SOURCES } };
  const [[, text]] = (await bundle(common, "common.js")).files;
  const commonFile = `common-${digest(text).slice(0, 8)}.js`;
  parts.push(await bundle(common, `sdk/modules/${commonFile}`));
  for (const name of modules()) {
    const plugins = DESCRIBING.includes(name) ? [apart(commonFile)] : [];
    parts.push(await bundle({ entryPoints: [`src/modules/${name}.js`], plugins }, `sdk/modules/${name}.js`));
  }
  return new Map(parts.flatMap(({ files }) => files));
}

/** The exports that index.js names. */
const NAMED = /^export const (\{[^}]+\}) = tidegate;$/m;

/** With named exports as one pattern: a bundler writes each name twice. @param {Awaited<ReturnType<typeof bundle>>} core */
function exporting({ files: [[name, script], map], mangleCache }) {
  const [, pattern] = /** @type {RegExpExecArray} */ (NAMED.exec(readFileSync(join(SOURCES, "index.js"), "utf8")));
  const named = script.replace(/export ?\{(\w+) as default\};$/, `$&export const${pattern.replace(/\s|,\s*(?=\})/g, "")}=$1;`);
  if (named === script) throw new Error("sdk.js ends in a new way");
  return { files: [[name, named], map], mangleCache };
}

/** No option of web-vitals is set. @type {[RegExp, string]} */
const UNSET = [/\bopts\.\w+/g, "false"];
/** What attribution hooks into. @type {[RegExp, string]} */
const HOOKS = [/^.*\b(_on\w+(\?|;)|lcpEntryManager\b).*$/gm, ""];
/**
 * Where web-vitals works for what nobody here asks for, by its file: what is found there, and what stands in its place.
 * @type {Record<string, [RegExp, string][]>}
 */
const UNASKED = {
  "lib/bindReporter.js": [[/ \|\| reportAllChanges/, ""]],
  "lib/initMetric.js": [[/^[^]+$/, "export const initMetric = (name, value = -1) => ({ name, value, entries: [] });"]], // no id
  "lib/initUnique.js": [[/^[^]+$/, "export const initUnique = (opts, Part) => new Part();"]], // shared with nobody
  "lib/InteractionManager.js": [HOOKS],
  "lib/LayoutShiftManager.js": [HOOKS],
  "onCLS.js": [UNSET],
  "onFCP.js": [UNSET],
  "onINP.js": [[/opts\.durationThreshold \?\?/, ""], UNSET],
  "onLCP.js": [HOOKS, UNSET],
  "onTTFB.js": [UNSET],
};

/** The package's single files, without what is not asked for. */
const vitals = {
  name: "vitals",
  /** @param {import("esbuild").PluginBuild} build */
  setup({ onLoad, onResolve }) {
    const folder = join(dirname(fileURLToPath(import.meta.resolve("web-vitals"))), "modules");
    onResolve({ filter: /^web-vitals$/ }, () => ({ path: join(folder, "index.js"), sideEffects: false }));
    onLoad({ filter: /[\\/]web-vitals[\\/]dist[\\/]modules[\\/]/ }, ({ path }) => {
      let contents = readFileSync(path, "utf8");
      for (const [found, instead] of UNASKED[path.slice(folder.length + 1).replaceAll("\\", "/")] ?? []) {
        const text = contents.replace(found, instead);
        if (text === contents) throw new Error(`${path} is written in a new way: ${found}`);
        contents = text;
      }
      return { contents };
    });
  },
};

/** The built core lies one folder above the files that it loads. @param {string} delivery */
const below = (delivery) => ({
  name: "below",
  /** @param {import("esbuild").PluginBuild} build */
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/]index\.js$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      const contents = text
        .replace(NAMED, "")
        .replace('import("./delivery.js")', `import("./${delivery}")`)
        .replace("import(`./modules/${name}.js`)", 'import("./sdk/modules/".concat(name, ".js"))'); // no glob for esbuild
      if (contents.match(/import\("\.\/sdk/g)?.length !== 2) throw new Error("src/index.js loads its parts in a new way");
      return { contents };
    });
  },
});

/** What modules have in common lies beside them. @param {string} file */
const apart = (file) => ({
  name: "apart",
  /** @param {import("esbuild").PluginBuild} build */
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(element|link)\.js$/ }, () => ({ path: `./${file}`, external: true }));
  },
});

/** The entry of the one classic script: everything is in it, and it knows its own tag. */
const entry = () => `
  import { openDelivery } from "./delivery.js";
  import { create, install } from "./tidegate.js";
  ${modules()
    .map((name) => `import { start as ${name} } from "./modules/${name}.js";`)
    .join("\n")}
  const modules = { ${modules().join(", ")} };
  const tag = document.currentScript;
  const loaders = { delivery: async () => ({ openDelivery }), module: async (name) => ({ start: modules[name] }) };
  install(create(tag?.src, loaders), tag);
`;

/** @param {...(string | Buffer)} parts */
function digest(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** A hash over all sources: paths with \`/\`, sorted, and bytes. gateway/server/sdk.py makes the same. */
export function sourceHash() {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".js"))
    .sort();
  return digest(...files.flatMap((file) => [`${file}\0`, readFileSync(join(SOURCES, file)), "\0"]));
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const files = await bundles();
  rmSync(DIST, { recursive: true, force: true });
  for (const [name, text] of files) {
    mkdirSync(dirname(join(DIST, name)), { recursive: true });
    writeFileSync(join(DIST, name), text);
    if (name.endsWith(".js")) writeFileSync(join(DIST, `${name}.br`), brotliCompressSync(text));
  }
  writeFileSync(join(DIST, "build.json"), `${JSON.stringify({ sources: sourceHash() })}\n`);
}
