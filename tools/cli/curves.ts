/** One layer's scores of the payments measured. */
export interface Curve {
  readonly name: string;
  readonly scores: Float64Array;
}

const side = 360;
const margin = 48;
const points = 200;
const colours = ['#767676', '#0072b2', '#009e73', '#d55e00', '#cc79a7'];

/** ROC and precision-recall curves side by side, as an SVG picture. */
export const curvesPicture = (labels: Uint8Array, curves: readonly Curve[]): string => {
  const frauds = labels.reduce((sum, label) => sum + label, 0);
  const honest = labels.length - frauds;
  const traced = curves.map((curve) => trace(labels, curve.scores));
  const roc = traced.map((steps) => steps.map(({ hits, alarms }) => [alarms / honest, hits / frauds] as const));
  const precision = traced.map((steps) => steps.map(({ hits, alarms }) => [hits / frauds, hits / (hits + alarms)] as const));
  const width = 2 * side + 3 * margin;
  const height = side + 2 * margin + 24;
  const legend = curves
    .map(({ name }, i) => `<text x="${margin + i * 110}" y="${height - 12}" fill="${colours[i % colours.length]}">${name}</text>`)
    .join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    panel(margin, 'False alarms', 'Frauds found', roc),
    panel(2 * margin + side, 'Frauds found', 'Precision', precision),
    legend,
    '</svg>\n',
  ].join('\n');
};

interface Step {
  readonly hits: number;
  readonly alarms: number;
}

/** Hits and false alarms as the threshold falls, thinned to what a picture shows. */
const trace = (labels: Uint8Array, scores: Float64Array): readonly Step[] => {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!);
  const steps: Step[] = [];
  const frauds = labels.reduce((sum, label) => sum + label, 0);
  let hits = 0;
  let alarms = 0;
  for (let i = 0; i < order.length; i++) {
    if (labels[order[i]!]) hits += 1;
    else alarms += 1;
    if (i + 1 < order.length && scores[order[i]!] === scores[order[i + 1]!]) continue;
    const last = steps.at(-1) ?? { hits: 0, alarms: 0 };
    const moved = (hits - last.hits) / frauds + (alarms - last.alarms) / (labels.length - frauds);
    if (moved >= 1 / points || i === order.length - 1) steps.push({ hits, alarms });
  }
  return steps;
};

const panel = (left: number, across: string, up: string, lines: readonly (readonly (readonly [number, number])[])[]): string => {
  const x = (value: number): string => (left + value * side).toFixed(1);
  const y = (value: number): string => (margin + (1 - value) * side).toFixed(1);
  const paths = lines.map((line, i) => {
    const path = line.map(([a, b], at) => `${at === 0 ? 'M' : 'L'}${x(a)} ${y(b)}`).join('');
    return `<path d="${path}" fill="none" stroke="${colours[i % colours.length]}" stroke-width="1.5"/>`;
  });
  return [
    `<rect x="${left}" y="${margin}" width="${side}" height="${side}" fill="none" stroke="#333333"/>`,
    ...paths,
    `<text x="${left + side / 2}" y="${margin + side + 20}" text-anchor="middle">${across}</text>`,
    `<text x="${left}" y="${margin - 10}">${up}</text>`,
  ].join('\n');
};
