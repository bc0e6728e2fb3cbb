// Lines that come in pages, read to their end or as far as is asked for.

/**
 * @param {Pick<import("./api.js").Api, "lines">} api
 * @param {string} path @param {URLSearchParams} query of the first page; `after` is set for each further one
 * @param {number} most pages
 * @param {(text: string, page: number) => void} take each as it comes; the first is 0
 * @returns {Promise<boolean>} whether that was all there is
 * @throws {import("./api.js").ApiError}
 */
export async function readPages(api, path, query, most, take) {
  for (let page = 0; page < most; page++) {
    const { text, next } = await api.lines(`${path}?${query}`);
    take(text, page);
    if (next === null) return true;
    query.set("after", next);
  }
  return false;
}
