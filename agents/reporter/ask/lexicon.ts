/** The words that questions are made of: what the patterns look for, and what says nothing. */

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Words that patterns look for. Typing errors are mended towards these. */
export const SPEAKING = words(`
  best better worst worse top winner winners won leading leader record incumbent second third fourth fifth lowest highest largest smallest biggest greatest lowered most
  compare compared comparison versus against than difference differ between than
  dawn down reject rejected rejects rejection turn turned refused duplicate
  fail failed fails failing failure failures crash crashed crashes broke broken break error errors timed timeout timeouts memory nan
  sure certain confident confidence trust significant significance significantly real noise noisy luck chance confirmed confirm confirms reliable evidence interval robust replicate replicated
  improve improved improves improvement improvements promising inconclusive pruned invalid difference helped help helps hurt hurts gain gains
  why reason how many count number
  note notes decision decisions decide decided wrote comment comments written
  flag flags flagged mark marks marked suspicious publish borderline unflag
  compute take takes spend spent cost costs hours hour budget expensive dollars dollar tokens token money price gpu
  baseline base reference
  next recommend suggest suggestion todo promote promoted merge
  line lines knob knobs matter matters inquiry
  setting settings configuration config parameter parameters value used use uses
  tried try tries tested test tests history happened become became ever attempted
  experiment experiments run runs hypothesis hypotheses idea ideas night nights seed seeds candidate candidates change changes
  list show tell which what when who where
  slow slowest fast fastest long longest short shortest quick quickest took time
  today yesterday week last tonight latest newest recent
  running waiting queued finished killed judged proposed untried open pending
  summary summarise summarize status overview timeline progress
  tagged tag tags
`);

/** Words that change nothing. */
export const IDLE = new Set(
  words(`
  a an the of in on at to for from by with as is are was were be been being am do does did done has have had having will would can could
  should shall may might must it its this that these those there here they them their we us our ours i me my mine you your yours he she
  and or but if so then yes any all each every some one ones thing things most much very really quite just only
  also still yet now so far again please thanks thank hi hello hey ok okay autolab reporter notebook lab work working go goes went going
  get gets got make makes made give gives given gave out up off about into than too both either   look looks looking like know known think say says said see seen find found come comes came result results outcome outcomes number
  numbers overall total altogether together whole full actually currently exactly exact recorded record measured measure good bad great well
  us let want need needs far own same such what's whats it's that's who's how's i'm we've isn't wasn't s t re ve d ll m
  put set sets name names called call were ended end ends began begin start started starts
  stop stopped main thing stuff part way side reached reach achieve achieved score scored scores scoring metric objective loss goal main quickly briefly
  kind kinds sort type types class classes state standing everything anything something nothing nobody somebody anybody current
  effect effects big large small high low strong difference plan model models llm llms api training train trained trains
  proposal proposals verdict verdicts statistically mean average decided author wrote exist exists existing
  leave leaves left alone using keep kept keeps drop dropped remove removed add added switch switched move moved choose chose chosen pick picked
  prefer believe expect expected mean means meant truly true honest honestly great huge tiny many few such let's turned stand stands
  validation direction worth
  reasons able did ran run have happen happens lead leads new newly latest mine ours
`),
);

/** Words that narrow a question down in a way that no pattern takes in: never mended, never passed over. */
export const NARROWING = new Set(
  words(`
  not no never none without except before after until between since during above below over under more less fewer longer
  shorter bigger larger smaller higher lower other others else because least first don't didn't doesn't won't
`),
);
