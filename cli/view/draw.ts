import type { Night } from '../../orchestrator/domain/state.ts';
import type { Picture, Told } from './picture.ts';
import { bar, budget, header, history, standing, timeOf } from './sections.ts';
import { slotLines } from './slots.ts';
import { fitted, painted, type Line, type Look } from './text.ts';

export interface Frame extends Pick<Look, 'colour'> {
  /** Of the terminal. */
  readonly columns: number;
  readonly rows: number;
  /** Default true. */
  readonly unicode?: boolean;
  /** Whether the hint stands on the terminal's last line but one, and not right below. Default true. */
  readonly full?: boolean;
}

/** Below so many lines, only the most telling of each section is drawn. */
const LOW = 14;
/** From here on there is room for air between the sections. */
const AIRY = 20;
const MOST_ALERTS = 4;

/**
 * The night as lines of a terminal: never wider than `columns`, never higher than `rows` − 1, made
 * for 40 × 10 and up. Pure. Says "improved" of nothing that dawn has not confirmed.
 */
export function draw(picture: Picture, { full = true, unicode = true, ...frame }: Frame): string[] {
  const { columns } = frame;
  const lines = Math.max(1, frame.rows - 1);
  const look = { colour: frame.colour, unicode };
  const { state } = picture;
  const night = state.night === null ? undefined : state.nights.get(state.night);
  const foot: Line[] = picture.hint === '' ? [] : [[{ text: picture.hint, tone: 'dim' }]];
  const body = night ? nightIn(picture, night, columns, lines - foot.length, look) : NO_NIGHT;
  const kept = body.slice(0, Math.max(1, lines - foot.length));
  const air = Array.from({ length: lines - foot.length - kept.length }, (): Line => []);
  const all = [...kept, ...(full ? air : []), ...(full ? foot : [])].slice(0, lines);
  return all.map((line) => painted(fitted(line, columns), look));
}

const NO_NIGHT: readonly Line[] = [['the night is about to begin']];

function nightIn(
  picture: Picture,
  night: Night,
  columns: number,
  lines: number,
  look: Look,
): readonly Line[] {
  const low = lines < LOW;
  const gap: Line[] = lines >= AIRY ? [[]] : [];
  const top = [
    ...header(picture, night, columns),
    ...(low ? [] : [bar(picture, night, columns)]),
    budget(picture, night, columns),
    ...gap,
    ...standing(picture, night, columns, low ? 1 : lines < AIRY ? 2 : 3),
    ...(low ? [] : [history(picture, night, columns, look)]),
    ...gap,
  ];
  const room = lines - top.length;
  const slots = fittingSlots(picture, night, columns, look, room - gap.length);
  const rest = room - slots.length - 2 * gap.length;
  return [...top, ...slots, ...gap, ...happenings(picture, columns, rest)];
}

/** Two lines per slot where that leaves room for what happened; as many slots as fit otherwise. */
function fittingSlots(
  picture: Picture,
  night: Night,
  columns: number,
  look: Look,
  room: number,
): readonly Line[] {
  if (night.ended) return [];
  const spacious = night.slots * 2 + 3 <= room;
  const all = slotLines(picture, night, columns, look, spacious ? 2 : 1);
  const most = Math.max(1, room - 1);
  if (all.length <= most) return all;
  const shown = all.slice(0, Math.max(1, most - 1));
  const more = `    and ${all.length - shown.length} more`;
  return [...shown, [{ text: more, tone: 'dim' as const }]].slice(0, most);
}

/** The newest alerts, then the newest of everything, as much as there is room for. */
function happenings({ alerts, recent }: Picture, columns: number, room: number): readonly Line[] {
  if (room <= 0) return [];
  const most = room < 3 ? 1 : Math.min(MOST_ALERTS, Math.floor(room / 2));
  const raised = alerts.slice(-most).map((told) => happened(told, columns));
  const known = new Set(alerts.map(({ at, text }) => at + text));
  const others = recent.filter(({ at, text }) => !known.has(at + text));
  const left = room - raised.length;
  return [
    ...raised,
    ...(left > 0 ? others.slice(-left) : []).map((told) => happened(told, columns)),
  ];
}

const happened = ({ at, text, tone }: Told, columns: number): Line =>
  fitted(
    [
      { text: `${timeOf(at)}  `, tone: 'dim' },
      { text, tone },
    ],
    columns,
  );
