import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { clock, decimal, money, outcomeWords, payersTime, signalLabel, whole } from '../format.ts';
import { colour, useScheme, useSize } from '../hooks.ts';
import { type DecisionItem, type Outcome, outcomes } from '../wire.ts';
import { type Dimension, dimensions, percentileSteps, shadeOf, sizeOf } from './dimensions.ts';

export interface ScatterProps {
  /** Newest first. */
  readonly items: readonly DecisionItem[];
  readonly x: Dimension;
  readonly y: Dimension;
  readonly colourBy: 'outcome' | 'percentile';
  readonly height: number;
  readonly onOpen: (item: DecisionItem) => void;
}

interface Dot {
  readonly item: DecisionItem;
  readonly x: number;
  readonly y: number;
}

const margin = { left: 52, right: 12, top: 10, bottom: 26 };
const reachPx = 14;

/** Every decision as a mark: the pointer or the arrow keys explain it, a click or Enter opens it. */
export function Scatter(props: ScatterProps) {
  const { items, x, y, colourBy, height, onOpen } = props;
  const [ref, { width }] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useScheme();
  const [pointed, setPointed] = useState<string | null>(null);
  const drawing = useMemo(() => layout(items, x, y, width, height), [items, x, y, width, height]);
  const dot = pointed === null ? undefined : drawing.dots.find(({ item }) => item.transactionId === pointed);
  useEffect(() => {
    if (canvas.current !== null && width > 0) draw(canvas.current, drawing, width, height, colourBy);
  }, [drawing, width, height, colourBy, scheme]);

  const nearest = (event: MouseEvent): Dot | undefined => {
    const box = canvas.current!.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    let found: Dot | undefined;
    let best = reachPx ** 2;
    for (const candidate of drawing.dots) {
      const distance = (candidate.x - left) ** 2 + (candidate.y - top) ** 2;
      if (distance < best) [found, best] = [candidate, distance];
    }
    return found;
  };
  const step = (by: number): void => {
    const at = drawing.dots.findIndex(({ item }) => item.transactionId === pointed);
    const next = drawing.dots[Math.min(drawing.dots.length - 1, Math.max(0, at + by))];
    if (next !== undefined) setPointed(next.item.transactionId);
  };
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowRight' || event.key === 'ArrowDown') step(1);
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') step(-1);
    else if (event.key === 'Enter' && dot !== undefined) onOpen(dot.item);
    else if (event.key === 'Escape') setPointed(null);
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={ref}
      class={`scatter${dot === undefined ? '' : ' pointing'}`}
      style={{ height: `${height}px` }}
      role="application"
      aria-label={`${dimensions[y].label} against ${dimensions[x].label} of ${drawing.dots.length} decisions. The arrow keys move from one to the next, Enter opens it.`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: its marks are reached by the arrow keys
      tabIndex={0}
      onKeyDown={pressed}
      onMouseMove={(event) => setPointed(nearest(event)?.item.transactionId ?? null)}
      onMouseLeave={() => setPointed(null)}
      onClick={(event) => {
        const hit = nearest(event);
        if (hit !== undefined) onOpen(hit.item);
      }}
    >
      <canvas ref={canvas} />
      <span class="sizes">large: far from the usual places</span>
      {dot !== undefined && <Explained dot={dot} width={width} height={height} />}
    </div>
  );
}

const Explained = ({ dot, width, height }: { readonly dot: Dot; readonly width: number; readonly height: number }) => {
  const { item } = dot;
  const side = dot.x > width / 2 ? { right: `${width - dot.x + 12}px` } : { left: `${dot.x + 12}px` };
  const rise = dot.y > height / 2 ? { bottom: `${height - dot.y - 8}px` } : { top: `${dot.y - 8}px` };
  return (
    <>
      <span class="halo" style={{ left: `${dot.x}px`, top: `${dot.y}px` }} />
      <div class="tip" role="status" style={{ ...side, ...rise }}>
        <strong>
          {outcomeWords[item.outcome]} · {decimal(item.score)} points
        </strong>
        {item.amountMinor !== null && item.currency !== null && <span>{money(item.amountMinor, item.currency)}</span>}
        {item.distanceKm !== undefined && item.distanceKm !== null && (
          <span>{whole(item.distanceKm)} km from the usual places</span>
        )}
        <span>{item.accountId ?? 'erased'}</span>
        <span>
          {item.occurredAt === null ? '' : `paid ${payersTime(item.occurredAt)}, `}decided {clock(item.decidedAt)}
        </span>
        {item.signals.length > 0 && <span>{item.signals.map(signalLabel).join(', ')}</span>}
      </div>
    </>
  );
};

interface Layout {
  /** Newest first. */
  readonly dots: readonly Dot[];
  readonly xTicks: readonly { readonly at: number; readonly text: string }[];
  readonly yTicks: readonly { readonly at: number; readonly text: string }[];
}

function layout(items: readonly DecisionItem[], x: Dimension, y: Dimension, width: number, height: number): Layout {
  const [xs, ys] = [dimensions[x], dimensions[y]];
  const scaleX = xs.scale(items);
  const scaleY = ys.scale(items);
  const across = (share: number): number => margin.left + share * (width - margin.left - margin.right);
  const up = (share: number): number => height - margin.bottom - share * (height - margin.top - margin.bottom);
  const dots: Dot[] = [];
  for (const item of items) {
    const [a, b] = [xs.value(item), ys.value(item)];
    if (a !== null && b !== null) dots.push({ item, x: across(scaleX.share(a)), y: up(scaleY.share(b)) });
  }
  return {
    dots,
    xTicks: scaleX.ticks.map((value) => ({ at: across(scaleX.share(value)), text: xs.text(value) })),
    yTicks: scaleY.ticks.map((value) => ({ at: up(scaleY.share(value)), text: ys.text(value) })),
  };
}

function draw(
  canvas: HTMLCanvasElement,
  { dots, xTicks, yTicks }: Layout,
  width: number,
  height: number,
  by: ScatterProps['colourBy'],
): void {
  const ratio = devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext('2d')!;
  pen.scale(ratio, ratio);
  pen.font = '11px system-ui, sans-serif';
  pen.strokeStyle = colour('line');
  pen.fillStyle = colour('ink-soft');
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  for (const { at, text } of yTicks) {
    pen.beginPath();
    pen.moveTo(margin.left, at);
    pen.lineTo(width - margin.right, at);
    pen.stroke();
    pen.fillText(text, margin.left - 8, at);
  }
  pen.textAlign = 'center';
  for (const { at, text } of xTicks) pen.fillText(text, Math.min(at, width - 16), height - 10);

  const inks: Record<string, string> = {
    ALLOW: colour('allow'),
    REVIEW: colour('review'),
    BLOCK: colour('block'),
    none: colour('ink-soft'),
  };
  for (let stepIndex = 0; stepIndex < percentileSteps; stepIndex += 1) inks[`p${stepIndex}`] = colour(`heat-${stepIndex}`);
  // The most severe outcomes are drawn last, on top.
  for (const outcome of outcomes) {
    for (let index = dots.length - 1; index >= 0; index -= 1) {
      const { item, x, y } = dots[index]!;
      if (item.outcome !== outcome) continue;
      pen.fillStyle = by === 'outcome' ? inks[outcome]! : (inks[shadeOf(item)] ?? inks.none!);
      pen.globalAlpha = outcome === 'ALLOW' ? 0.55 : 0.9;
      mark(pen, outcome, x, y, sizeOf(item));
    }
  }
  pen.globalAlpha = 1;
}

function mark(pen: CanvasRenderingContext2D, outcome: Outcome, x: number, y: number, size: number): void {
  pen.beginPath();
  if (outcome === 'ALLOW') pen.arc(x, y, 2.6 * size, 0, 7);
  else if (outcome === 'BLOCK') pen.rect(x - 3.4 * size, y - 3.4 * size, 6.8 * size, 6.8 * size);
  else {
    pen.moveTo(x, y - 4.4 * size);
    pen.lineTo(x + 4.4 * size, y + 3.6 * size);
    pen.lineTo(x - 4.4 * size, y + 3.6 * size);
    pen.closePath();
  }
  pen.fill();
}
