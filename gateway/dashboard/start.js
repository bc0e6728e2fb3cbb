// What to do while the board is empty: no KPI defined, or no event seen yet.

import { write } from "./element.js";

const snippet = (origin) => `<script type="module">
  import { init } from "${origin}/sdk.js";
  init("YOUR_WRITE_KEY");
</script>`;

export class Start {
  #section;

  /** @param {HTMLElement} section @param {string} origin where the server is */
  constructor(section, origin) {
    this.#section = section;
    const code = section.querySelector("code");
    const button = section.querySelector("button");
    const said = section.querySelector("[role=status]");
    write(code, snippet(origin));
    button.addEventListener("click", async () => {
      write(said, (await copied(code)) ? "Copied" : "Select the text and copy it");
    });
  }

  /** @param {"none"|"kpis"|"events"} missing what the board lacks */
  show(missing) {
    this.#section.hidden = missing === "none";
    this.#section.dataset.missing = missing;
  }
}

/** @param {HTMLElement} source @returns {Promise<boolean>} */
async function copied(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    // No clipboard on plain http or without permission: leave the text selected for the keyboard.
    getSelection().selectAllChildren(source);
    return false;
  }
}
