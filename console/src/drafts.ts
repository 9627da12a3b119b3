/** Notes that are written but not sent, one for each review or decision. They outlive the page that shows them, not the tab. */

const notes = new Map<string, string>();

export const draftOf = (name: string): string => notes.get(name) ?? '';

export const keepDraft = (name: string, note: string): void => {
  if (note === '') notes.delete(name);
  else notes.set(name, note);
};

/** Forgets every draft: at sign-out. */
export const forgetDrafts = (): void => notes.clear();
