/** An artefact or manifest that is not what it says, and why. */
export class ModelInvalid extends Error {
  override readonly name = 'ModelInvalid';
}

/** Throws ModelInvalid with the fault unless it holds. */
export const check = (holds: boolean, fault: string): void => {
  if (!holds) throw new ModelInvalid(fault);
};
