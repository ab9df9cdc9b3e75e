import type { KnownError } from './known-error.ts';

/** Of files, memory, network and services. The first that a line matches counts. */
export const MACHINE_ERRORS: readonly KnownError[] = [
  {
    id: 'disk_full',
    pattern:
      /No space left on device|\bENOSPC\b|Disk quota exceeded|\bEDQUOT\b|File size limit exceeded/i,
    cause: 'A disk or a quota is full.',
    fix: 'Make room, write fewer checkpoints, or run autolab gc; the change is not at fault.',
  },
  {
    id: 'read_only',
    pattern: /Read-only file system|\bEROFS\b/i,
    cause: 'The script writes where runs may not.',
    fix: 'Write below AUTOLAB_RUN_DIR or the working folder; linked data is for reading.',
  },
  {
    id: 'permission',
    pattern: /Permission denied|\bEACCES\b|\bEPERM\b|Operation not permitted/,
    cause: 'The script may not read, write or run a file.',
    fix: 'Write below AUTOLAB_RUN_DIR or the working folder, and check the mode of what it runs.',
  },
  {
    id: 'shared_library',
    pattern: /cannot open shared object file|version `GLIBC\S*' not found|undefined symbol: /,
    cause: 'A compiled library, or one that it needs, is missing or of another version.',
    fix: 'Install the build that fits this system; the change is not at fault.',
  },
  {
    // The words of workers/refused.ts, which looked outside.
    id: 'file_hidden',
    pattern: /is there, but (?:the sandbox hides your home|no run sees it): /,
    cause:
      'The file is on the machine, but the sandbox hides it: runs see neither your home nor keys.',
    fix: 'Name its folder under sandbox.read in the plan if runs are to read it, or leave it out of the script.',
  },
  {
    id: 'file_missing',
    pattern: /No such file or directory|\bENOENT\b|FileNotFoundError/,
    cause: 'A file is not there: runs see what is committed and what workspace.link names.',
    fix: 'Write paths relative to workspace.directory, and name untracked data in workspace.link.',
  },
  {
    id: 'port_in_use',
    pattern: /Address already in use|\bEADDRINUSE\b/i,
    cause: 'Another process listens on this port.',
    fix: 'Use MASTER_PORT, which is free and this slot’s own, or port 0.',
  },
  {
    id: 'open_files',
    pattern: /Too many open files|\bE[MN]FILE\b/i,
    cause: 'More files are open than the system allows.',
    fix: 'Close files after use, use fewer loader workers, or raise ulimit -n.',
  },
  {
    id: 'threads',
    pattern:
      /can't start new thread|pthread_create failed|Resource temporarily unavailable|fork: retry/,
    cause: 'More threads or processes were started than the run may have.',
    fix: 'Set OMP_NUM_THREADS and the number of loader workers.',
  },
  {
    id: 'host_out_of_memory',
    pattern:
      /\b_?(?:Array)?MemoryError\b|std::bad_alloc|\bENOMEM\b|Cannot allocate memory|Unable to allocate [\d.]+ [KMGT]iB|not enough memory: you tried to allocate|^Killed$|Out of memory: Killed process/,
    cause: 'The machine’s memory did not suffice.',
    fix: 'Stream or memory-map the data, hold fewer copies, use smaller intermediates.',
  },
  {
    id: 'hub_gated',
    pattern:
      /GatedRepoError|[Cc]annot access gated repo|Access to model \S+ is restricted|403 Client Error/,
    cause: 'The repository wants its terms accepted by an account first.',
    fix: 'Accept the terms, name HF_TOKEN in run.env_from, or use an open model.',
  },
  {
    id: 'hub_unknown',
    pattern:
      /RepositoryNotFoundError|401 Client Error|Invalid user token|is not a local folder and is not a valid model identifier/,
    cause: 'There is no such repository on the hub, or the token does not open it.',
    fix: 'Check its name; name HF_TOKEN in run.env_from if it is private.',
  },
  {
    id: 'hub_offline',
    pattern:
      /LocalEntryNotFoundError|OfflineModeIsEnabled|offline mode is enabled|couldn't connect to 'https:\/\/huggingface\.co|HF_HUB_OFFLINE|TRANSFORMERS_OFFLINE/i,
    cause: 'A file of the hub is not in the cache, and runs have no way to fetch it.',
    fix: 'Fetch it beforehand and name it in workspace.link; an experiment downloads nothing.',
  },
  {
    id: 'rate_limit',
    pattern: /429 Client Error|Too Many Requests|RateLimitError|rate limit/i,
    cause: 'A service was asked too often.',
    fix: 'Fetch once, before the night, and read from the disk.',
  },
  {
    id: 'network',
    pattern:
      /Temporary failure in name resolution|Name or service not known|getaddrinfo|Could not resolve host|Network is unreachable|Connection (?:refused|reset|timed out|aborted)|\bECONN(?:REFUSED|RESET|ABORTED)\b|\bETIMEDOUT\b|Max retries exceeded|Read timed out|URLError/i,
    cause:
      'The script wanted something of the network that did not answer; runs may have no network at all.',
    fix: 'Fetch data before the night, name it in workspace.link, or allow the network in the plan’s sandbox.',
  },
  {
    id: 'git',
    pattern:
      /fatal: (?:not a git repository|detected dubious ownership|unable to|ambiguous argument|bad (?:revision|object))|InvalidGitRepositoryError|index\.lock/,
    cause: 'The script calls git, which runs cannot use as a checkout can.',
    fix: 'Leave git out of the training script; AutoLab records the commit.',
  },
  {
    id: 'wandb',
    pattern: /wandb\.errors|wandb: ERROR|mlflow\.exceptions/,
    cause: 'The tracker could not be reached or was used out of order.',
    fix: 'Runs have WANDB_MODE=offline: call init once, and make a tracker’s failure no end of training.',
  },
  {
    id: 'command_missing',
    pattern: /command not found|\bnot found$|: expected to start /,
    cause: 'A program is not on the PATH of runs.',
    fix: 'Install it, or write its path; runs see the PATH that launch was started with.',
  },
];
