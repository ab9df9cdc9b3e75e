import { homedir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { knownError } from '../../orchestrator/domain/known-errors.ts';
import { failureOf, type Ending } from '../../workers/failure.ts';

const ending = (parts: Partial<Ending>): Ending => ({
  started: 0,
  left_behind: 0,
  peak_memory_mb: null,
  ended_by: 'itself',
  passed: null,
  sandbox: 'none',
  offline: false,
  began: true,
  exit_code: 1,
  signal: null,
  error: null,
  seconds: 1,
  cpu_seconds: null,
  slept_seconds: 0,
  stalled_seconds: 0,
  stdout: '',
  stderr: '',
  log_error: null,
  argv: ['python'],
  timeout_seconds: 60,
  unmodified: false,
  ...parts,
});

const classOf = (parts: Partial<Ending>) => failureOf(ending(parts))?.class;

describe('a failure', () => {
  test.each([
    'OSError: [Errno 28] No space left on device: out.pt',
    "Error: ENOSPC: no space left on device, write '/x'",
    'OSError: [Errno 122] Disk quota exceeded',
    "OSError: [Errno 30] Read-only file system: 'out'",
    'OSError: [Errno 5] Input/output error',
    'Error: EIO: i/o error, read',
    "OSError: [Errno 19] No such device: '/dev/nvidia0'",
    'OSError: [Errno 116] Stale file handle',
    'OSError: [Errno 107] Transport endpoint is not connected',
    'OSError: [Errno 24] Too many open files',
    'File size limit exceeded (core dumped)',
    "RuntimeError: can't start new thread",
    'RuntimeError: DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader workers are out of shared memory',
    'ConnectionResetError: [Errno 104] Connection reset by peer',
    'ConnectionRefusedError: [Errno 111] Connection refused',
    'TimeoutError: [Errno 110] Connection timed out',
    'Error: connect ECONNREFUSED 127.0.0.1:80',
    'Error: read ECONNRESET',
    'Error: connect ETIMEDOUT 10.0.0.1:443',
    'Error: getaddrinfo ENOTFOUND example.org',
    'Error: socket hang up',
    'OSError: [Errno 101] Network is unreachable',
    'socket.gaierror: [Errno -3] Temporary failure in name resolution',
    "OSError: We couldn't connect to 'https://huggingface.co' to load this file",
    'requests.exceptions.ReadTimeout: Read timed out.',
    'requests.exceptions.HTTPError: 503 Server Error: Service Unavailable',
    'requests.exceptions.HTTPError: 429 Client Error: Too Many Requests',
    'OSError: [Errno 98] Address already in use',
    'RuntimeError: Found no NVIDIA driver on your system.',
    'RuntimeError: CUDA error: all CUDA-capable device(s) is/are busy or unavailable',
    'RuntimeError: No CUDA GPUs are available: no CUDA-capable device is detected',
    'RuntimeError: CUDA error: uncorrectable ECC error encountered',
    'RuntimeError: CUDA error: unknown error',
    'Failed to initialize NVML: Driver/library version mismatch',
    'torch.distributed.DistBackendError: NCCL error in: x.cpp:1, unhandled system error',
    'ncclRemoteError: A call failed possibly due to a network error',
    '[Rank 1] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=5)',
  ])('that says "%s" is the machine’s', (stderr) => {
    expect(classOf({ stderr })).toBe('infrastructure');
  });

  test.each([
    'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB',
    'RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`',
    'jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes',
    'numpy._core._exceptions._ArrayMemoryError: Unable to allocate 4.00 GiB for an array',
    "RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory",
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    "terminate called after throwing an instance of 'std::bad_alloc'",
    'Killed',
    'train.sh: line 3:  4711 Killed                  python train.py',
    'RuntimeError: DataLoader worker (pid 12) is killed by signal: Killed.',
    'traceback : Signal 9 (SIGKILL) received by PID 4711',
  ])('that says "%s" is for want of memory', (stderr) => {
    expect(classOf({ stderr })).toBe('out_of_memory');
  });

  test.each([
    'RuntimeError: CUDA error: device-side assert triggered',
    'RuntimeError: CUDA error: an illegal memory access was encountered',
    'RuntimeError: CUDA error: invalid device ordinal',
    'torch.distributed.DistBackendError: NCCL error in: x.cpp:1, invalid usage (run with NCCL_DEBUG=WARN)',
    'RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x128 and 256x10)',
    "FileNotFoundError: [Errno 2] No such file or directory: 'data.bin'",
    "PermissionError: [Errno 13] Permission denied: '/etc/x'",
    'BrokenPipeError: [Errno 32] Broken pipe',
    'requests.exceptions.HTTPError: 404 Client Error: Not Found',
    "KeyError: 'memory'",
    "ValueError: unknown backend 'nccl'",
    'AssertionError: expected the timeout to be positive',
    'ValueError: the disk cache has no space for 3 heads',
    'NCCL version 2.21.5+cuda12.4\nRuntimeError: shape mismatch',
    "ModuleNotFoundError: No module named 'flash_attn'",
    'the loss went wild',
  ])('that says "%s" is the idea’s', (stderr) => {
    expect(classOf({ stderr })).toBe('idea');
  });

  test('is not the machine’s for a warning further up, nor for what a quoted line of source says', () => {
    const warned =
      'warning: connection reset by peer, trying again\nTypeError: model is not a function';
    expect(classOf({ stderr: warned })).toBe('idea');
    const quoted =
      'Traceback (most recent call last):\n  File "t.py", line 3, in <module>\n    raise Odd("Connection refused")\nOdd: the layers do not fit';
    expect(classOf({ stderr: quoted })).toBe('idea');
  });

  test.each([
    ['out_of_memory', { exit_code: null, signal: 'SIGKILL' }],
    ['out_of_memory', { exit_code: 137 }],
    ['infrastructure', { exit_code: null, signal: 'SIGTERM' }],
    ['infrastructure', { exit_code: 143 }],
    ['infrastructure', { exit_code: 129 }],
    ['infrastructure', { exit_code: null, signal: 'SIGBUS' }],
    ['infrastructure', { exit_code: null, signal: 'SIGXFSZ' }],
    ['timeout', { exit_code: null, signal: 'SIGXCPU' }],
    ['idea', { exit_code: null, signal: 'SIGSEGV' }],
    ['idea', { exit_code: 134 }],
    ['idea', { exit_code: 2 }],
    ['idea', { exit_code: 255 }],
  ] as const)('is %s when a command ends silently with %o', (kind, parts) => {
    expect(classOf(parts)).toBe(kind);
  });
});

describe('what a sandbox refuses', () => {
  const shut = { sandbox: 'bubblewrap', offline: true } as const;

  test.each([
    ['OSError: [Errno 101] Network is unreachable', 'the sandbox has no network'],
    ['socket.gaierror: Temporary failure in name resolution', 'the sandbox has no network'],
    ['OSError: [Errno 30] Read-only file system: /usr/x', 'its worktree and its folder alone'],
    ['OSError: [Errno 27] File too large, EFBIG', 'sandbox.file_size'],
    ['BlockingIOError: Resource temporarily unavailable', 'sandbox.processes'],
  ])('%s is no fault of the machine, and says what to change', (stderr, words) => {
    expect(classOf({ stderr })).toBe('infrastructure');
    const failure = failureOf(ending({ ...shut, stderr }));
    expect(failure?.class).toBe('idea');
    expect(failure?.message).toContain(words);
  });

  test.each([
    ['ConnectionRefusedError: [Errno 111] Connection refused', '127.0.0.1 is its own'],
    [
      "OSError: We couldn't connect to 'https://huggingface.co' to load the files, and couldn't find them in the cached files.",
      '~/.cache/huggingface',
    ],
    [
      `FileNotFoundError: [Errno 2] No such file or directory: '${import.meta.filename}'`,
      'sandbox.read',
    ],
    [`cat: ${import.meta.filename}: No such file or directory`, 'sandbox.read'],
    ["OSError: [Errno 28] No space left on device: '/dev/shm/x'", 'sandbox.memory'],
  ])('%s says where the sandbox stands in the way', (stderr, words) => {
    const failure = failureOf(ending({ ...shut, stderr, unmodified: true }));
    expect(failure?.message).toContain(words);
    expect(failure?.class).toBe('idea');
    const open = failureOf(ending({ stderr, unmodified: true }));
    expect(open?.message).not.toContain(words);
  });

  test('of your home says so, and is no file to link into the runs', () => {
    const stderr = `FileNotFoundError: [Errno 2] No such file or directory: '${homedir()}'`;
    const failure = failureOf(ending({ ...shut, stderr }));
    expect(failure?.message).toContain('the sandbox hides your home: sandbox.read');
    expect(failure && knownError(failure)?.id).toBe('file_hidden');
  });

  test('is not what is missing outside, too', () => {
    const stderr = "FileNotFoundError: [Errno 2] No such file or directory: '/nowhere/x'";
    expect(failureOf(ending({ ...shut, stderr }))?.message).not.toContain('sandbox');
  });

  test('is not the network where there is one', () => {
    const stderr = 'OSError: [Errno 101] Network is unreachable';
    expect(classOf({ ...shut, offline: false, stderr })).toBe('infrastructure');
  });

  test('is told from a sandbox that could not be made', () => {
    const stderr = 'bwrap: Creating new namespace failed: Operation not permitted\n';
    expect(classOf({ ...shut, stderr, began: false })).toBe('infrastructure');
    expect(classOf({ ...shut, stderr })).toBe('idea');
  });
});
