/**
 * Clicks on links to other sites, as `$outbound_click`, and to files, as `$file_download`: by mouse, middle button or
 * key. They are captured before the page is left, and go out with what it sends last.
 */

import { describe, isSilent, pathOf } from "./element.js";
import { belongs } from "./host.js";
import { addressOf, linkOf } from "./link.js";
import { watch } from "./watch.js";

const FILES = "7z avi csv dmg doc docx exe gz mov mp3 mp4 msi pdf pkg ppt pptx rar tar txt wav xls xlsx zip";

/**
 * @param {import("./watch.js").Tidegate} tidegate
 * @param {{domains?: string[], extensions?: string[]}} [options] `domains` that are one's own, with all below them,
 *   by default those of `stitch`; `extensions` of files, instead of the usual ones
 */
export function start(tidegate, { domains = tidegate.config.stitch?.domains ?? [], extensions = FILES.split(" ") } = {}) {
  const { on, stop } = watch();
  on(globalThis, "click auxclick", (event) => {
    const link = linkOf(pathOf(event));
    if (!link || event.button > 1) return; // the right button opens a menu
    const { path, url } = link;
    const file = path[0].getAttribute("download");
    const extension = /\.(\w{1,10})$/.exec(file || url.pathname)?.[1].toLowerCase() ?? "";
    const address = isSilent(path) ? undefined : addressOf(tidegate, url);
    if (file !== null || extensions.includes(extension)) {
      tidegate.capture("$file_download", { $file_url: address, $file_extension: extension, ...describe(path) });
    } else if (/^http/.test(url.protocol) && url.host !== location.host && !belongs(url.hostname, domains)) {
      const way = { $external_click_url: address, $external_click_host: address && url.host };
      tidegate.capture("$outbound_click", { ...way, ...describe(path) });
    }
  });
  return stop;
}
