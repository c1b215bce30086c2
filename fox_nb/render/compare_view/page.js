// An exported page: the pictures stand in it as a plain table, which the grid takes over.

import { Grid } from "./grid.js";
import { Previews } from "./pictures.js";

function startPage() {
  const facts = JSON.parse(document.getElementById("fox-facts").textContent);
  const table = document.querySelector("[data-fox-comparison]");
  const pictures = new Previews();
  for (const image of table.querySelectorAll("img[data-fox-picture]")) {
    image.loading = "eager"; // what is hidden would never be loaded otherwise
    pictures.adopt(image.dataset.foxPicture, image);
  }
  const grid = new Grid(facts, pictures);
  table.before(grid.root);
  table.hidden = true;
  grid.show();
}

startPage();
