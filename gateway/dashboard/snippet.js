// The few lines that send a first event, for each kind of sender. Pure.

const PLACEHOLDER = "YOUR_WRITE_KEY";

/** A text as a literal of JavaScript in a page: `</script>` and `<!--` in it would end the script. */
const script = (text) => JSON.stringify(text).replaceAll("<", "\\u003c");
/** In single quotes of a shell. */
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const KINDS = {
  page: (origin, key) => `<script type="module">
  import { init, capture } from ${script(`${origin}/sdk.js`)};
  init(${script(key)});
  capture("signup", { plan: "pro" });
</script>`,
  python: (origin, key) => `from client_sdk.python import Client

with Client(${JSON.stringify(origin)}, ${JSON.stringify(key)}) as client:
    client.capture("signup", {"plan": "pro"}, distinct_id="user-1")`,
  curl: (origin, key) => `curl ${shell(`${origin}/v1/events`)} -H 'Content-Type: application/json' -d ${shell(
    JSON.stringify({ token: key, events: [{ event: "signup", distinct_id: "user-1", properties: { plan: "pro" } }] }),
  )}`,
};

/**
 * @param {string} kind `page`, `python` or `curl`
 * @param {string} origin where the gateway is
 * @param {string} key empty: a placeholder
 */
export function snippet(kind, origin, key) {
  return (KINDS[kind] ?? KINDS.page)(origin, key || PLACEHOLDER);
}
