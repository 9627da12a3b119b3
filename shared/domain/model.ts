/** A model made ready: checked, compiled, immutable. Only `shared/model` builds one. */
export interface CompiledModel {
  readonly version: number;
  /** Lower-case hex SHA-256 of the artefact. */
  readonly hash: string;
  /** `features` by position in `featureNames`; throws a RangeError when one is not finite. */
  score(features: Float64Array): AnomalyScore;
  /** The learned layer; null while none is published. */
  readonly learned: LearnedLayer | null;
}

export interface AnomalyScore {
  /** 0..1, the isolation forest's 2^(-E[path] / c). */
  readonly score: number;
  /** 0..100 on the scale of the model's reference set; never decreasing in `score`. */
  readonly percentile: number;
  /** First `baseline`, what a payment scores of which nothing is known, then each feature's share: they add up to `score`. */
  readonly contributions: readonly { readonly feature: string; readonly points: number }[];
}

/** A scorecard: points per bin of each signal and feature, so that its reasons add up. */
export interface LearnedLayer {
  /** Points on the decision's scale, at most 2 decimals, before the policy's weight; null signals fall into a bin of their own. */
  score(facts: LearnedFacts): { readonly points: number; readonly reasons: readonly LearnedReason[] };
}

export interface LearnedFacts {
  /** By position in `signalNames`. */
  readonly signals: readonly (number | null)[];
  /** By position in `featureNames`. */
  readonly features: Float64Array;
  readonly percentile: number;
}

export interface LearnedReason {
  readonly name: string;
  readonly value: number | null;
  readonly points: number;
}

/** The model to use now, or why there is none. `degraded` beside a model says why it is not the newest. */
export type ModelInForce =
  | { readonly model: CompiledModel; readonly degraded: ModelFault | null }
  | { readonly model: null; readonly degraded: ModelFault };

export type ModelFault = 'NO_MODEL' | 'MODEL_INVALID' | 'STORE_UNAVAILABLE';
