// A sheet over the page: a modal dialog with a heading and a way out. The browser keeps the focus in it.

import { element } from "./element.js";

let count = 0;

/**
 * Open a sheet; it is gone once closed, and the focus is back where it was.
 * @param {string} heading
 * @param {Node[]} content
 * @param {{wide?: boolean}} [look]
 * @returns {HTMLDialogElement}
 */
export function openSheet(heading, content, { wide = false } = {}) {
  const id = `sheet-${++count}`;
  const close = element("button.quiet", "Close", { type: "button" });
  const head = element("header", [element("h2", heading, { id }), close]);
  const dialog = element(wide ? "dialog.sheet.wide" : "dialog.sheet", [head, element("div.body", content)], { "aria-labelledby": id });
  close.addEventListener("click", () => dialog.close());
  // A click on the backdrop has the dialog itself as its target.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Put a text on the clipboard, or, where that is not allowed, select it for the keyboard.
 * @param {HTMLElement} source @returns {Promise<boolean>}
 */
export async function copied(source) {
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    return true;
  } catch {
    if (source instanceof HTMLInputElement) source.select();
    else getSelection().selectAllChildren(source);
    return false;
  }
}
