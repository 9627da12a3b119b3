import { signalLabel, signalValue } from '../../format.ts';
import { Panel, Scrolls } from '../../parts/basics.tsx';
import type { Decision, PolicyVersion } from '../../wire.ts';

export const AllSignals = ({ decision, policy }: { readonly decision: Decision; readonly policy: PolicyVersion | null }) => (
  <Panel title="All signals" hint={decision.explanation === '' ? 'none triggered in 24 h' : `in 24 h: ${decision.explanation}`}>
    <Scrolls label="All signals">
      <table>
        <thead>
          <tr>
            <th scope="col">Signal</th>
            <th scope="col" class="number">
              Value
            </th>
            <th scope="col" class="number">
              Threshold
            </th>
            <th scope="col">Triggered</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(decision.signals).map(([name, { value, triggered }]) => (
            <tr key={name} class={triggered ? 'triggered' : ''}>
              <th scope="row">{signalLabel(name)}</th>
              <td class="number">{signalValue(name, value, policy?.policy.baseCurrency)}</td>
              <td class="number">
                {signalValue(
                  name,
                  policy?.policy.signals[name as keyof typeof decision.signals]?.threshold ?? null,
                  policy?.policy.baseCurrency,
                )}
              </td>
              <td>{triggered ? 'yes' : value === null ? 'not computed' : 'no'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  </Panel>
);
