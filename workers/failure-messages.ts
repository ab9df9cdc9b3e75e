import type { FailureClass } from '../orchestrator/domain/run.ts';
import { withoutSource } from '../orchestrator/domain/traceback.ts';

/**
 * What the last words of a command say of its end. A pattern has to be one that only the machine
 * says: an idea's failure that is taken for the machine's is run three times for nothing, and
 * teaches nothing.
 */

/** Errors of the change itself, though they name a device or a library that also fails by itself. */
const IDEA = [
  /device-side assert/i,
  /CUDA error: (?:an illegal memory access|misaligned address|invalid (?:argument|device ordinal|configuration)|unspecified launch failure|too many resources requested)/i,
  /nccl(?:Invalid(?:Usage|Argument))|NCCL.*invalid (?:usage|argument)/i,
  /CUBLAS_STATUS_(?:INVALID_VALUE|NOT_SUPPORTED)|CUDNN_STATUS_(?:BAD_PARAM|NOT_SUPPORTED)/,
];

const OUT_OF_MEMORY = [
  /(?:CUDA|HIP|MPS backend|XPU) out of memory|OutOfMemoryError|CUDA_ERROR_OUT_OF_MEMORY|hipErrorOutOfMemory/i,
  /CU(?:BLAS|DNN)_STATUS_ALLOC_FAILED|RESOURCE_EXHAUSTED|OOM when allocating|Out of memory allocating/,
  /\b_?(?:Array)?MemoryError\b|std::bad_alloc|JavaScript heap out of memory|\bENOMEM\b/,
  /(?:Cannot|can't|failed to) allocate memory|Unable to allocate [\d.]+ [KMGT]iB|not enough memory: you tried to allocate/i,
  // The kernel's memory killer, as shells, loaders, launchers and the kernel itself tell of it.
  /^Killed$|line \d+:\s+\d+ Killed\b|is killed by signal: Killed|Signal 9 \(SIGKILL\)|OOMKilled|Out of memory: Killed process/im,
];

const INFRASTRUCTURE = [
  // Files and devices.
  /No space left on device|\bENOSPC\b|Disk quota exceeded|\bEDQUOT\b|Read-only file system|\bEROFS\b|File size limit exceeded|\bEFBIG\b/i,
  /Input\/output error|\bEIO\b|No such device|\bENODEV\b|Stale (?:NFS )?file handle|\bESTALE\b|Transport endpoint is not connected|\bENOTCONN\b/i,
  /Too many open files|\bE[MN]FILE\b|Resource temporarily unavailable|can't start new thread|insufficient shared memory|is killed by signal: Bus error/i,
  // The network.
  /Connection (?:reset|refused|timed out|aborted)|\bECONN(?:RESET|REFUSED|ABORTED)\b|\bETIMEDOUT\b|\bE(?:NET|HOST)UNREACH\b|Network is unreachable|No route to host|socket hang up|Remote end closed connection/i,
  /\bEAI_AGAIN\b|Temporary failure in name resolution|Name or service not known|nodename nor servname|getaddrinfo ENOTFOUND|Could not resolve host/i,
  /Read timed out|\b(?:Read|Connect)Timeout\b|Max retries exceeded|UNEXPECTED_EOF_WHILE_READING|IncompleteRead|(?:429|50[0234]) (?:Client|Server) Error|We couldn't connect to/i,
  /Address already in use|\bEADDRINUSE\b/i,
  // GPUs.
  /CUDA driver version is insufficient|CUDA driver initialization|CUDA initialization|forward compatibility was attempted|Found no NVIDIA driver|no kernel image is available/i,
  /no CUDA-capable device|CUDA-capable device\(s\) is\/are busy|CUDA error: (?:unknown error|initialization error|system not yet initialized)|uncorrectable (?:ECC|NVLink)|hardware error|GPU is lost|fallen off the bus/i,
  /(?:Failed to initialize|couldn't communicate with).*(?:NVML|NVIDIA driver)|NVML.*(?:Driver\/library version mismatch|Unknown Error|GPU is lost)/i,
  // Workers that talk to each other.
  /NCCL (?:timeout|communicator|watchdog)|NCCL error.*(?:system|internal|remote|cuda) error|nccl(?:System|Internal|Remote|UnhandledCuda)Error|unhandled (?:system|cuda) error|Watchdog caught collective operation timeout|Socket Timeout/i,
];

const MISSING =
  /ModuleNotFoundError|ImportError|Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND|command not found/;

/** Names of errors that code makes and no machine does, unless their message says so. */
const OF_CODE =
  /^\s*(?:\w+\.)*(?:Type|Name|Syntax|Reference|Attribute|Key|Index|Value|Assertion|ZeroDivision|Range|UnboundLocal|NotImplemented|Indentation)Error\b/;

/**
 * The class that `text` speaks of, or null where it says nothing that is known. `unmodified`: base
 * itself ran, so that what is missing is missing on the machine.
 */
export function classOfMessage(text: string, unmodified: boolean): FailureClass | null {
  const said = withoutSource(text);
  const error = said.split('\n').findLast((line) => OF_CODE.test(line) || NAMED.test(line));
  // A warning further up, of a connection that was tried again, is not what ended it.
  const words = error !== undefined && OF_CODE.test(error) ? error : said;
  const says = (patterns: readonly RegExp[]) => patterns.some((one) => one.test(words));
  if (says(IDEA)) return 'idea';
  if (says(OUT_OF_MEMORY)) return 'out_of_memory';
  if (says(INFRASTRUCTURE)) return 'infrastructure';
  return unmodified && MISSING.test(words) ? 'infrastructure' : null;
}

const NAMED = /^\s*(?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b/;
