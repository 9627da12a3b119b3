import { signalNames } from '../../../../shared/domain/signals/names.ts';
import type { Filter } from '../../feed.ts';
import { outcomeWords, signalLabel } from '../../format.ts';
import { Choices } from '../../parts/basics.tsx';
import { type Outcome, outcomes } from '../../wire.ts';

const outcomeChoices = [
  { value: '', label: 'All' },
  ...outcomes.map((outcome) => ({ value: outcome as Outcome | '', label: outcomeWords[outcome] })),
] as const;

export function Filters(props: {
  readonly filter: Filter;
  readonly onChange: (filter: Filter) => void;
  readonly search: { readonly current: HTMLInputElement | null };
}) {
  const { filter, onChange, search } = props;
  return (
    <>
      <Choices<Outcome | ''>
        label="Outcome"
        choices={outcomeChoices}
        value={filter.outcome ?? ''}
        onChange={(outcome) => onChange({ ...filter, outcome: outcome === '' ? null : outcome })}
      />
      <select
        aria-label="Signal"
        value={filter.signal ?? ''}
        onChange={({ currentTarget: { value } }) => onChange({ ...filter, signal: value === '' ? null : value })}
      >
        <option value="">Any signal</option>
        {signalNames.map((name) => (
          <option key={name} value={name}>
            {signalLabel(name)}
          </option>
        ))}
      </select>
      <label class="inline">
        Score from
        <input
          type="number"
          min={0}
          max={100}
          step={5}
          value={filter.scoreMin}
          onInput={({ currentTarget: { value } }) => onChange({ ...filter, scoreMin: Number(value) })}
        />
      </label>
      <input
        ref={search}
        type="search"
        aria-label="Account, user or transaction"
        placeholder="Account, user, transaction  /"
        value={filter.text}
        onInput={({ currentTarget: { value } }) => onChange({ ...filter, text: value })}
      />
    </>
  );
}
