/** What looks like personal data in a text that nobody wrote to be sent. */

/** E-mail addresses, and numbers as long as those of cards, phones and accounts. */
const PERSONAL = /[\w.+-]{1,64}@[\w.-]{1,200}\.[a-z]{2,}|\d(?:[ -]?\d){8,}/gi;

/** The text without what looks like personal data. @param {string} text */
export const scrub = (text) => text.replace(PERSONAL, "***");
