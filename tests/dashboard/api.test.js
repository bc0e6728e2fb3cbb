import assert from "node:assert/strict";
import { test } from "node:test";

import { Api, ApiError } from "../../gateway/dashboard/api.js";

function apiOf(...answers) {
  const asked = [];
  const fetch = async (url, options) => {
    asked.push({ url: url.href, ...options });
    return answers.shift();
  };
  return { asked, api: new Api(fetch, () => "vk", new URL("http://x/tide/")) };
}

test("requests carry the key and lie beside the page", async () => {
  const { api, asked } = apiOf(Response.json({ boards: [] }), Response.json({ version: "2" }), Response.json({}), Response.json({}));
  assert.deepEqual(await api.get("v1/boards"), { boards: [] });
  assert.deepEqual(await api.put("v1/boards/a", { name: "a" }, ""), { version: "2" });
  await api.put("v1/boards/a", {}, null);
  await api.delete("v1/boards/a", "2");
  assert.deepEqual([asked[3].method, asked[3].headers["If-Match"], asked[3].headers.Authorization], ["DELETE", '"2"', "Bearer vk"]);
  assert.deepEqual(asked[0], { url: "http://x/tide/v1/boards", headers: { Authorization: "Bearer vk" }, cache: "no-store" });
  assert.deepEqual([asked[1].method, asked[1].body, asked[1].headers["If-Match"], "If-Match" in asked[2].headers], ["PUT", '{"name":"a"}', '""', false]);
});

test("an answer that is no success says why", async () => {
  const { api } = apiOf(Response.json({ error: "bad_board", reason: "tile 1: no" }, { status: 400 }), new Response("<p>", { status: 502 }));
  await assert.rejects(api.get("x"), (error) => error instanceof ApiError && error.slug === "bad_board" && error.message === "tile 1: no" && error.status === 400);
  await assert.rejects(api.get("x"), { message: "status 502", slug: "", status: 502 });
});

test("lines come with the place where the next page begins", async () => {
  const page = new Response('{"id":1}\n', { headers: { "Tidegate-Next": "1" } });
  const { api } = apiOf(page, new Response(""), Response.json({ error: "texts_off" }, { status: 403 }));
  assert.deepEqual(await api.lines("v1/quarantine/export"), { text: '{"id":1}\n', next: "1" });
  assert.deepEqual(await api.lines("v1/quarantine/export?after=1"), { text: "", next: null });
  await assert.rejects(api.lines("v1/quarantine/export"), { slug: "texts_off" });
});

test("a server that does not answer is said in words of ours", async () => {
  const api = new Api(() => Promise.reject(new TypeError("Failed to fetch")), () => "vk", new URL("http://x/"));
  await assert.rejects(api.put("v1/boards/a", {}, ""), (error) => error instanceof ApiError && error.message === "the server cannot be reached" && error.slug === "unreachable");
});
