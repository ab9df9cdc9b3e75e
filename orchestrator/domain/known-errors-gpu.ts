import type { KnownError } from './known-error.ts';

/** Of accelerators, their drivers and libraries. The first that a line matches counts. */
export const GPU_ERRORS: readonly KnownError[] = [
  {
    id: 'gpu_out_of_memory',
    pattern:
      /(?:CUDA|HIP|MPS backend|XPU) out of memory|CUDA_ERROR_OUT_OF_MEMORY|OutOfMemoryError|RESOURCE_EXHAUSTED|CU(?:BLAS|DNN)_STATUS_ALLOC_FAILED/,
    cause: 'The change needs more memory than the GPU has.',
    fix: 'Keep fewer activations alive (gradient checkpointing, a smaller intermediate, accumulation over micro-batches) and keep no graph of the loss beyond its step.',
  },
  {
    id: 'gpu_device_assert',
    pattern: /device-side assert/i,
    cause:
      'A kernel met an index outside its range, mostly a token or class id that the embedding or the loss does not have.',
    fix: 'Check ids against the size of the table (vocabulary, classes, positions); CUDA_LAUNCH_BLOCKING=1 names the line.',
  },
  {
    id: 'gpu_illegal_access',
    pattern: /illegal memory access|misaligned address|unspecified launch failure/i,
    cause: 'A kernel read or wrote outside of its tensors.',
    fix: 'Look at custom kernels and at tensors whose strides or sizes the change altered; CUDA_LAUNCH_BLOCKING=1 names the line.',
  },
  {
    id: 'gpu_no_kernel_image',
    pattern:
      /no kernel image is available|is not compatible with the current PyTorch installation/i,
    cause: 'The installed build has no code for this GPU.',
    fix: 'Install a build for this GPU’s compute capability; the change is not at fault.',
  },
  {
    id: 'gpu_driver',
    pattern:
      /CUDA driver version is insufficient|Found no NVIDIA driver|Driver\/library version mismatch|forward compatibility was attempted|couldn't communicate with the NVIDIA driver|NVIDIA driver on your system is too old/i,
    cause: 'The NVIDIA driver is missing, too old, or was updated while it was in use.',
    fix: 'Update the driver, or restart the machine after an update; the change is not at fault.',
  },
  {
    id: 'gpu_missing',
    pattern:
      /Torch not compiled with CUDA enabled|No CUDA GPUs are available|no CUDA-capable device|Attempting to deserialize object on a CUDA device|invalid device ordinal/i,
    cause: 'The code asks for a GPU that this run cannot see.',
    fix: 'Choose the device by torch.cuda.is_available(), load checkpoints with map_location, and look at compute.gpus_per_run in the plan.',
  },
  {
    id: 'gpu_in_fork',
    pattern: /Cannot re-initialize CUDA in forked subprocess/,
    cause: 'A data loader’s worker touches the GPU after a fork.',
    fix: 'Keep tensors on the CPU in the dataset and move them in the training loop, or start workers with spawn.',
  },
  {
    id: 'gpu_cublas',
    pattern: /CUBLAS_STATUS_\w+/,
    cause:
      'A matrix product was called with sizes or types that do not fit, or with no memory left for its workspace.',
    fix: 'Check shapes and dtypes of the product; on the CPU the same line gives a plain message.',
  },
  {
    id: 'gpu_cudnn',
    pattern: /CUDNN_STATUS_\w+|Unable to find an engine to execute this computation/,
    cause:
      'A convolution or recurrent layer was called with sizes, strides or types that cuDNN has no way for.',
    fix: 'Make inputs contiguous, check dtype and layout, or leave memory for the workspace.',
  },
  {
    id: 'nccl_timeout',
    pattern: /Watchdog caught collective operation timeout|NCCL (?:watchdog|timeout)/i,
    cause: 'One process waited for a collective that another never reached.',
    fix: 'Have every rank make the same calls in the same order; look for a rank that ended early or branched.',
  },
  {
    id: 'nccl',
    pattern:
      /NCCL error|nccl(?:System|Internal|Remote|UnhandledCuda|InvalidUsage|InvalidArgument)\w*/,
    cause: 'The processes could not talk to each other over NCCL.',
    fix: 'Give each rank a device of its own, check shared memory and the network interface; NCCL_DEBUG=INFO says more.',
  },
  {
    id: 'ddp_unused_parameters',
    pattern: /Expected to have finished reduction in the prior iteration/,
    cause: 'Some parameters took no part in the loss of a distributed step.',
    fix: 'Use every parameter in the forward pass, drop those that are not used, or set find_unused_parameters=True.',
  },
  {
    id: 'device_mismatch',
    pattern:
      /Expected all tensors to be on the same device|Input type \(torch\.cuda\.\w+\) and weight type \(torch\.\w+Tensor\)|Input type \(torch\.\w+Tensor\) and weight type \(torch\.cuda/,
    cause: 'One tensor is on the GPU and another on the CPU.',
    fix: 'Make new tensors on the device of those they meet (device=x.device), and register constants as buffers.',
  },
  {
    id: 'cuda_to_numpy',
    pattern: /can't convert (?:cuda|mps)\S* device type tensor to numpy/,
    cause: 'NumPy reads host memory only.',
    fix: 'Call .detach().cpu() before .numpy().',
  },
  {
    id: 'compile',
    pattern:
      /torch\._dynamo\.exc|torch\._inductor|BackendCompilerFailed|InductorError|CompilationError|triton\S*(?:Error|Exception)|Triton (?:Error|is not)|Cannot find a working triton/i,
    cause: 'torch.compile or Triton could not translate this code here.',
    fix: 'Keep the new code out of the compiled region (torch.compiler.disable), avoid data-dependent control flow in it, or run it eagerly.',
  },
  {
    id: 'half_unsupported',
    pattern:
      /not implemented for '(?:BFloat16|Half)'|bf?16 is not supported|[Bb]float16 is (?:only supported|not supported)|does not support (?:bf16|bfloat16)/,
    cause: 'This device or operator has no half-precision form.',
    fix: 'Do this operator in float32, or train in a precision that the device has.',
  },
  {
    id: 'grad_scaler',
    pattern:
      /Attempting to unscale FP16 gradients|No inf checks were recorded for this optimizer|unscale_\(\) (?:has already been called|is being called after step)/,
    cause:
      'The gradient scaler is used out of order, or with parameters that are themselves half precision.',
    fix: 'Keep parameters in float32 under autocast, and call scale, unscale_, step and update once each, in this order.',
  },
];
