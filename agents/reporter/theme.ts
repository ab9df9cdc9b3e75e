/** Colours of the picture, GitHub's own in light and dark, chosen by the reader's system. */

const LIGHT = {
  ...{ paper: '#ffffff', ink: '#1f2328', dim: '#59636e', grid: '#e4e8ec', axis: '#818b98' },
  ...{ base: '#0969da', good: '#0f7b3a', warm: '#bc4c00', bad: '#cf222e', calm: '#8c959f' },
};
const DARK: typeof LIGHT = {
  ...{ paper: '#0d1117', ink: '#f0f6fc', dim: '#9198a1', grid: '#262c34', axis: '#656c76' },
  ...{ base: '#58a6ff', good: '#3fb950', warm: '#f0883e', bad: '#ff7b72', calm: '#8b949e' },
};

const colours = (c: typeof LIGHT): string =>
  [
    `.paper{fill:${c.paper};stroke:${c.grid}}.ink{fill:${c.ink}}.dim{fill:${c.dim}}`,
    `.grid{stroke:${c.grid}}.axis,.bar{stroke:${c.axis}}.bar{stroke-width:1.6}`,
    `.band{fill:${c.base};fill-opacity:.11}.baseline{stroke:${c.base};stroke-dasharray:5 4}`,
    `.base,.base-ink{fill:${c.base}}.good,.good-ink{fill:${c.good}}.best{stroke:${c.good};stroke-width:2.4;stroke-opacity:.75;fill:none}`,
    `.warm{fill:${c.warm}}.calm{fill:${c.calm}}.base,.good,.warm,.calm{stroke:${c.paper}}`,
    `.open{fill:${c.paper};stroke:${c.calm};stroke-width:2}.dotted{stroke-dasharray:2.5 2}`,
    `.line{fill:none;stroke-width:2.2;stroke-linecap:round}.bad.line{stroke:${c.bad}}.warm.line{stroke:${c.warm}}.dim.line{stroke:${c.dim}}`,
    `.halo{paint-order:stroke;stroke:${c.paper};stroke-width:4px;stroke-linejoin:round}`,
  ].join('');

/** The picture's style sheet. The paper is drawn too, so that it reads on a page of either kind. */
export const STYLE = `text{font-family:-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}.strong{font-weight:600}${colours(LIGHT)}@media(prefers-color-scheme:dark){${colours(DARK)}}`;
