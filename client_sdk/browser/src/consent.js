/**
 * Whether this person may be measured: `granted`; `denied`: nothing is taken, stored or sent; `pending`: events wait in
 * memory alone, nothing is stored or sent, until the page knows.
 */

/** @typedef {"granted" | "denied" | "pending"} Consent */

/** @param {unknown} word @returns {word is "granted" | "denied"} */
export const isChoice = (word) => word === "granted" || word === "denied";

/**
 * The person's own choice, made by `optIn` or `optOut` and stored, comes first; then the signals of the browser, Global
 * Privacy Control unless `gpc: false` and Do Not Track with `dnt: true`; then what the page says. A word that is not
 * known counts as `pending`.
 * @param {unknown} chosen
 * @param {{consent?: Consent, gpc?: boolean, dnt?: boolean}} config
 * @param {{globalPrivacyControl?: boolean, doNotTrack?: string | null}} navigator
 * @returns {Consent}
 */
export function consentOf(chosen, { consent = "granted", gpc = true, dnt }, navigator) {
  if (isChoice(chosen)) return chosen;
  if ((gpc && navigator.globalPrivacyControl) || (dnt && navigator.doNotTrack === "1")) return "denied";
  return isChoice(consent) ? consent : "pending";
}
