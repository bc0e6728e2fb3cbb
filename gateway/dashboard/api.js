// The server's JSON over HTTP, with the view key.

/** What the server answered instead of what was asked for. */
export class ApiError extends Error {
  /** @param {number} status @param {{error?: string, reason?: string}} answer */
  constructor(status, answer) {
    super(answer.reason ?? answer.error ?? `status ${status}`);
    this.status = status;
    this.slug = answer.error ?? "";
  }
}

export class Api {
  #fetch;
  #key;
  #base;

  /**
   * @param {(url: URL, options: RequestInit) => Promise<Response>} fetch
   * @param {() => string|null} key
   * @param {URL} base
   */
  constructor(fetch, key, base) {
    this.#fetch = fetch;
    this.#key = key;
    this.#base = base;
  }

  /**
   * @param {string} path relative to where the page lies, such as `v1/boards`
   * @returns {Promise<any>}
   * @throws {ApiError} any answer but 2xx
   */
  get(path) {
    return this.#ask(path, {});
  }

  /**
   * Lines that come in pages: the header `Tidegate-Next` says where the next one begins.
   * @param {string} path with its query
   * @returns {Promise<{text: string, next: string|null}>}
   * @throws {ApiError}
   */
  async lines(path) {
    const answer = await this.#answer(path, {});
    return { text: await answer.text(), next: answer.headers.get("Tidegate-Next") };
  }

  /**
   * @param {string} path @param {unknown} value
   * @param {string|null} version that is replaced; null: whatever there is
   * @returns {Promise<any>}
   * @throws {ApiError}
   */
  put(path, value, version) {
    const headers = { "Content-Type": "application/json", ...(version === null ? {} : { "If-Match": `"${version}"` }) };
    return this.#ask(path, { method: "PUT", body: JSON.stringify(value), headers });
  }

  /**
   * @param {string} path @param {string} version that is to go
   * @returns {Promise<any>}
   * @throws {ApiError}
   */
  delete(path, version) {
    return this.#ask(path, { method: "DELETE", headers: { "If-Match": `"${version}"` } });
  }

  async #ask(path, options) {
    return (await this.#answer(path, options)).json();
  }

  async #answer(path, { headers = {}, ...options }) {
    const all = { ...headers, Authorization: `Bearer ${this.#key() ?? ""}` };
    const answer = await this.#fetch(new URL(path, this.#base), { ...options, headers: all, cache: "no-store" }).catch(() => {
      // What the browser says of it is not for people, and another sentence in each browser.
      throw new ApiError(0, { error: "unreachable", reason: "the server cannot be reached" });
    });
    if (answer.ok) return answer;
    throw new ApiError(answer.status, await answer.json().catch(() => ({})));
  }
}
