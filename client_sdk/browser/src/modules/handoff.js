/** Who somebody is and which session this is, on the way from one site to another, in a cookie or in a link. */

/**
 * @typedef {[person: string, session: Session, at: number]} Handoff `at`: when it was written, epoch milliseconds; "" for
 *   a person that is not to be told
 */
/** @typedef {{id?: string, start?: number, last?: number}} Session as the SDK has stored it; empty where there is none */

/** For a cookie or a query. @param {Handoff} handoff */
export const encode = (handoff) => encodeURIComponent(JSON.stringify(handoff));

/**
 * What was encoded; undefined when it is no handoff. Anyone may have written it, so only its form is certain.
 * @param {string} text
 * @returns {Handoff | undefined}
 */
export function decode(text) {
  try {
    const [person, { id, start, last }, at] = JSON.parse(decodeURIComponent(text));
    return typeof person === "string" ? [person, { id, start, last }, +at] : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the SDK has made an id: then it says nothing about the person. @param {string} id */
export const isAnonymous = (id) => /^[\da-f-]{36}$/.test(id);
