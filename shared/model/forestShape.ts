/** The shape of every forest: what is grown, and what an artefact must hold. */
export const treeCount = 100;
/** Rows that a tree is grown on, and the fewest that a forest is published from. */
export const treeRows = 256;
