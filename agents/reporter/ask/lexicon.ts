/** The words that questions are made of: what says nothing, and what each kind of question reads. */

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Words that change nothing, wherever they stand. */
export const IDLE: ReadonlySet<string> = new Set(
  words(`
  a an the of in on at to for from by with as is are was were be been being am do does did done has have had having can could
  shall may might must it its this that these those there here they them their we us our ours i me you your yours he she
  and or but so then yes any all some one ones thing things much very really quite just only both
  also still yet now please thanks thank hi hello hey ok okay autolab reporter notebook lab go goes going
  get gets got make makes made give gives given gave out up off into about too look looks looking like know known think
  say says said see seen find found comes result results outcome outcomes number numbers
  overall total altogether together whole full actually currently exactly exact recorded measured measure
  let want need needs whats i'm i've we've t re ve d ll m what which show tell list how name called call
  stuff part way side reach reached achieve achieved metric objective goal quickly briefly
  kind kinds sort type types class classes state current currently existing effect effects verdict verdicts validation
  something anything somebody anybody anyone main explain
`),
);

/** Words that narrow a question down: whatever does not take them in leaves them over. */
const NARROWING = words(`
  not no never none without except before after until since during above below over under more less fewer longer
  shorter bigger larger smaller higher lower other others else because least first each every per between than beyond
  if would will should again same good bad great big small large high low strong weak new left many difference most
  mean average baselines nothing nobody everything don't didn't doesn't won't isn't wasn't aren't weren't couldn't haven't hasn't
`);

const THINGS = 'experiment experiments candidate candidates run runs change changes idea ideas';
const PLACES =
  'best worst top winner winners won leading leader record incumbent second third fourth fifth';
const FAILING =
  'fail failed fails failing failure failures crash crashed crashes broke broken break error errors timed timeout timeouts memory nan oom why reason reasons';
const HELPING =
  'improve improved improves improvement improvements gain gains help helped helps work works worked working better worse hurt hurts';
const REJECTING =
  'reject rejected rejects rejection turn turned down refused duplicate hypothesis hypotheses';

/**
 * What each kind of question takes in, besides names, ids, nights and days, and what its calls ask
 * for. A word that stands in none of this is no detail: passed over, the answer would be another
 * question's.
 */
export const READS = {
  'days beside each other': words(
    `compare compared comparison versus vs against than difference differ between better worse progress happened happen come ${THINGS}`,
  ),
  'what next': words(
    `next recommend suggest suggestion todo try tried test promote promoted merge should ${THINGS}`,
  ),
  'notes and decisions': words(
    `note notes decision decisions decide decided wrote write written comment comments who when many count
    leave leaves left alone using use used keep kept drop dropped remove removed add added switch switched move moved try tried
    stop stopped change changed exist exists people colleagues author mention mentions ${THINGS}`,
  ),
  'whose idea it was': words(
    `written write proposed suggested invented wrote who whose where came come model models human person paper papers ${THINGS}`,
  ),
  'time and memory of an experiment': words(
    `long memory time compute take takes took use used uses train ${THINGS}`,
  ),
  'day, branch and parent of an experiment': words(
    `when day date branch commit parent built based merged promoted opened started ran run experiment change idea ${PLACES}`,
  ),
  'why it failed': words(`${FAILING} many come ${THINGS}`),
  flags: words(
    `flag flags flagged mark marks marked set why reason who when many count ${THINGS} hypothesis hypotheses night nights`,
  ),
  compare: words(
    `compare compared comparison versus vs against difference differ differs between better worse than good help helped helps significant significantly statistically win wins beat beats ${PLACES} ${THINGS}`,
  ),
  'what is confirmed': words(
    `dawn confirm confirmed confirms base baseline over beat fresh seeds tried tested matter matters ${HELPING} ${THINGS}`,
  ),
  'how sure': words(
    `sure certain confident confidence trust significant significance significantly statistically real noise luck chance confirmed confirm
    reliable evidence interval robust replicate replicated should promote publish merge dawn base baseline over ${HELPING} ${PLACES} ${THINGS}`,
  ),
  'a metric of an experiment': words(
    `final finally mean average base baseline ${PLACES} ${THINGS}`,
  ),
  settings: words(
    `setting settings configuration config parameter parameters hyperparameters value values use used uses ran set sets ${PLACES} ${THINGS}`,
  ),
  'history of an idea': words(
    `tried try tries tested test tests often many times history happened become became come ever attempted before already why reason reasons ${REJECTING} ${THINGS}`,
  ),
  'why it came out so': words(
    `why reason reasons come such good great bad lost degrade degraded win better worse tried tested ${HELPING} ${PLACES} ${THINGS}`,
  ),
  'lines of inquiry': words(
    `line lines knob knobs parameter parameters hyperparameter hyperparameters setting settings matter matters inquiry most best promising direction directions tried biggest largest effective help helps helped gain gains improve improved improvement`,
  ),
  'highest and lowest of a metric': words(
    `highest lowest largest smallest most least best worst top mean average ${THINGS}`,
  ),
  'best and worst': words(
    `who highest lowest biggest largest greatest smallest lowered most promising direction beat base baseline over
    value values hypothesis hypotheses mean ${HELPING} ${PLACES} ${THINGS}`,
  ),
  'longest and largest runs': words(
    `slowest fastest longest shortest quickest took take takes time use used most memory ${THINGS}`,
  ),
  'what was spent': words(
    `compute cpu processor processors spend spent cost costs hours hour long take takes took training train run use used many dollars dollar tokens token money price model models llm api calls everything`,
  ),
  'what failed':
    words(`fail failed fails failing failure failures crash crashed crashes broke broken break error errors why reason reasons run runs many count ran come
    fraction percentage percent share proportion`),
  'hypotheses, counted and listed': words(
    `hypothesis hypotheses idea ideas proposal proposals proposed suggested waiting untried open pending many count ${REJECTING}`,
  ),
  'runs, counted and listed': words(`run runs running finish many count ran take took need needed`),
  'shut-in runs': words(
    `sandbox sandboxed sandboxes sandboxing shut isolated isolation container bubblewrap docker podman run runs many count use used ran`,
  ),
  'experiments, counted and listed': words(
    `tried tested test try many count ran propose proposed suggest suggested came come dawn fraction percentage percent share proportion ${THINGS}`,
  ),
  'the baseline': words(
    `baseline base reference noisy noise level standard deviation spread vary seed seeds run runs many reproducible value`,
  ),
  nights: words(
    `night nights tonight summary summarise summarize overview status progress happened happen when why long take took takes run ran
    end ends ended ending begin began start started starts stop stopped finish finished many count went reason`,
  ),
  'one run': words(
    `run runs seed seeds when long take took status fail failed crash crashed happened finish finished end ended start started use used uses`,
  ),
  'one experiment': words(
    `change changed changes base baseline over compare compared versus vs against happened happen summary many seed seeds good done mean average status
    improve improved help helped helps work worked works better worse hurt hurts gain gains promising inconclusive failed pruned invalid beat significant than dawn tier parent ${THINGS}`,
  ),
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The name of a kind of question. */
export type Kind = keyof typeof READS;

/** Words of days and nights; of verdicts, standings and marks, which calls ask for. */
const ASKED_FOR = words(`
  night nights overnight tonight last latest newest recent today yesterday week previous past
  promising inconclusive pruned invalid killed finished running queued judged suspicious publish borderline paper papers tag tags tagged
`);

/** Words that typing errors are mended towards. */
export const MENDED: readonly string[] = [
  ...new Set([
    ...words('what which when where show tell list'),
    ...Object.values(READS).flat(),
    ...ASKED_FOR,
  ]),
];

/** Every word that is looked for. */
export const SPEAKING: ReadonlySet<string> = new Set([
  ...MENDED,
  ...NARROWING,
  'my',
  'mine',
  'own',
]);
