/**
 * A process in the middle of its work with a temporary folder, until it is killed: of git
 * (`HOLD=git`), or of pipes, whose `mkfifo` the caller makes one that hangs.
 */
if (process.env.HOLD === 'git') {
  const { withScratch } = await import('../../dist/orchestrator/git/scratch.js');
  await withScratch({ commonDir: '/nowhere' }, () => new Promise(() => setInterval(() => {}, 1e6)));
} else {
  const { openPipes } = await import('../../dist/workers/pipe.js');
  await openPipes(1);
}
