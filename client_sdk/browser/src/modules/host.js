/** Which hosts belong together. */

/**
 * Whether a host is one of some domains, or below one.
 * @param {string} host
 * @param {string[]} domains
 */
export const belongs = (host, domains) => domains.some((domain) => host === domain || host.endsWith(`.${domain}`));
