/** Characters of a reviewer's note. */
export const noteCharactersMax = 4_096;

/** Characters of the note of a list's entry: every function that decides reads the whole list. */
export const listNoteCharactersMax = 200;
