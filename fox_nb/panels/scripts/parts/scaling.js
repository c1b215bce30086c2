// What is sent of a file: its own bytes, or a smaller or readable picture that the browser makes of it.
import { sizeWords } from "../../../render/compare_view/size.js";

const THUMB = 200;
const QUALITY = 0.92;

/** @param {number} n bytes */
export const amount = (n) => (n < 99_500 ? `${Math.max(1, Math.round(n / 1000))} kB` : `${(n / 1e6).toFixed(1)} MB`);

/**
 * The size of a picture whose longer side is brought down to a limit.
 * @param {{width: number, height: number}} picture
 * @param {number} longest
 */
export function fitted({ width, height }, longest) {
  const scale = Math.min(1, longest / Math.max(width, height));
  return [width, height].map((side) => Math.max(1, Math.round(side * scale)));
}

/**
 * @param {ImageBitmap} bitmap
 * @param {number} longest
 * @param {string} type
 * @param {number} quality
 * @returns {Promise<{blob: Blob, size: string}>}
 */
function draw(bitmap, longest, type, quality) {
  const [width, height] = fitted(bitmap, longest);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  if (type === "image/jpeg") {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
  }
  context.drawImage(bitmap, 0, 0, width, height);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) =>
        blob ? resolve({ blob, size: sizeWords({ width, height }) }) : reject(Error("is too large to be scaled here.")),
      type,
      quality,
    ),
  );
}

/**
 * Throws words for the person.
 * @param {File} file
 * @param {{archives: boolean, accept: string[], longest: number}} can
 * @returns {Promise<{blob: Blob, mime: string, note: string, thumb?: Blob}>}
 */
export async function prepare(file, { archives, accept, longest }) {
  if (/^application\/(x-)?zip/.test(file.type) || /\.zip$/i.test(file.name)) {
    if (archives) return { blob: file, mime: "application/zip", note: `ZIP, ${amount(file.size)}` };
    throw Error("is a ZIP archive, and only pictures are taken here.");
  }
  if (!accept.length) throw Error("is no ZIP archive, and nothing else is taken here.");
  const accepted = accept.includes(file.type);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    // What browsers don't show (TIFF), Python may still read.
    if (accepted && !/jpeg|png|webp|gif/.test(file.type))
      return { blob: file, mime: file.type, note: amount(file.size) };
    if (/hei[cf]/i.test(file.type + file.name))
      throw Error("is a HEIC photo, which this browser cannot open. Save it as JPEG first.");
    throw Error(
      accepted ? "cannot be read as a picture; the file may be damaged." : "is not a picture that can be used here.",
    );
  }
  try {
    const limit = longest || Infinity;
    const thumb = (await draw(bitmap, THUMB, "image/jpeg", 0.8)).blob;
    const own = sizeWords(bitmap);
    if (accepted && Math.max(bitmap.width, bitmap.height) <= limit)
      return { blob: file, mime: file.type, thumb, note: `${own}, ${amount(file.size)}` };
    const kept = { "image/png": "image/png", "image/gif": "image/png", "image/webp": "image/webp" }[file.type];
    const { blob, size } = await draw(bitmap, limit, kept ?? "image/jpeg", QUALITY);
    return { blob, mime: blob.type, thumb, note: size === own ? `${own}, converted` : `${size}, scaled from ${own}` };
  } finally {
    bitmap.close();
  }
}
