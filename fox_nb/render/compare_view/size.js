// A picture's size in words, the same wherever a script writes it; in Python it is size_words.

/**
 * @param {{full?: string, width: number, height: number}} picture `full` are the words for one of which a preview is here
 */
export const sizeWords = ({ full, width, height }) => full ?? `${width} × ${height}`;
