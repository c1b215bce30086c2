// An exported page: the pictures stand in it as a plain table, which the grid takes over.

import { Grid } from "./grid.js";
import { keyDown, keyUp } from "./keys.js";
import { Previews } from "./pictures.js";

const SCROLLING = /^(Arrow.*| |Enter)$/; // the page's own, until somebody is in the comparison

function startPage() {
  const facts = JSON.parse(document.getElementById("fox-facts")?.textContent ?? "");
  const table = /** @type {HTMLElement} */ (document.querySelector("[data-fox-comparison]"));
  const pictures = new Previews();
  const images = /** @type {NodeListOf<HTMLImageElement>} */ (table.querySelectorAll("img[data-fox-picture]"));
  for (const image of images) {
    image.loading = "eager"; // what is hidden would never be loaded otherwise
    pictures.adopt(image.dataset.foxPicture, image);
  }
  const grid = new Grid(facts, pictures);
  table.before(grid.root);
  table.hidden = true;
  grid.show();
  document.addEventListener("keydown", (event) => {
    if (event.target === document.body && !grid.help.open && !SCROLLING.test(event.key)) keyDown(grid, event);
  });
  document.addEventListener("keyup", (event) => event.target === document.body && keyUp(grid, event));
}

startPage();
