// The first-run page: the snippet for a page of one's own.

import { write } from "./element.js";

const snippet = (origin) => `<script type="module">
  import { init } from "${origin}/sdk.js";
  init("YOUR_WRITE_KEY");
</script>`;

export class Start {
  /** @param {HTMLElement} section @param {string} origin where the server is */
  constructor(section, origin) {
    const code = section.querySelector("code");
    const button = section.querySelector("button");
    const said = section.querySelector("[role=status]");
    write(code, snippet(origin));
    button.addEventListener("click", async () => {
      write(said, (await copied(code)) ? "Copied" : "Select the text and copy it");
    });
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
