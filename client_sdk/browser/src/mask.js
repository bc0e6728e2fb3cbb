/** What an address may say: values of its query and fragment can be secrets, or name the person. */

/** Parameters whose value is never sent, whatever the page allows. */
const SECRET = /pass|pwd|secret|token|auth|^code$|api_?key|session|signature|mail|phone/i;
export const MASKED = "***";

/**
 * The address with secret parameter values masked, in the query and in a fragment that looks like one. Never throws.
 * @param {string} url
 * @param {string[] | undefined} allowed the only parameters that keep their values; undefined = all but secret ones
 */
export function maskUrl(url, allowed) {
  return url.replace(/([?&#;])([^?&#;=]+)=([^&#;]*)/g, (whole, mark, name, value) => {
    const keep = !value || (!SECRET.test(name) && (!allowed || [allowed].flat().includes(name)));
    return keep ? whole : `${mark}${name}=${MASKED}`;
  });
}
