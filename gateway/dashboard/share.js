// A link to what is on the screen.

import { element, write } from "./element.js";
import { copied, openSheet } from "./sheet.js";

/**
 * The address of a view. @param {string} page where the dashboard lies, without a fragment
 * @param {string} route `#/board/..` @param {string|null} key only when the person asks for it
 */
export const linkTo = (page, route, key) => page + route + (key === null ? "" : `&key=${encodeURIComponent(key)}`);

/** @param {string} page @param {string} route @param {string|null} key of this viewer @param {string} only why others will not see this; empty when they will */
export function showShare(page, route, key, only) {
  const link = element("input", [], { type: "text", readonly: "", "aria-label": "Link", value: linkTo(page, route, null) });
  const secret = element("input", [], { type: "checkbox", id: "share-key" });
  const said = element("span", "", { role: "status" });
  const copy = element("button", "Copy the link", { type: "button" });
  secret.addEventListener("change", () => {
    link.value = linkTo(page, route, secret.checked ? key : null);
    write(said, "");
  });
  copy.addEventListener("click", async () => write(said, (await copied(link)) ? "Copied" : "Select the link and copy it"));
  const withKey = element("label.check", [secret, "Put my view key into it: whoever has the link can look at everything"], { for: "share-key" });
  return openSheet("Share this view", [
    element("p", "Board, range, filter and comparison are in the link. Whoever opens it needs a view key."),
    ...(only ? [element("p.overtaken", only)] : []),
    link,
    ...(key === null ? [] : [withKey]),
    element("p.acts", [copy, said]),
  ]);
}
