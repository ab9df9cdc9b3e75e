/** The last words of scripts, as libraries write them: id of the known error → log. */
export const SAMPLES: Readonly<Record<string, string>> = {
  gpu_out_of_memory:
    'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.25 GiB. GPU 0 has a total capacity of 79.11 GiB of which 1.02 GiB is free.',
  gpu_device_assert:
    'RuntimeError: CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported at some other API call',
  gpu_illegal_access: 'RuntimeError: CUDA error: an illegal memory access was encountered',
  gpu_no_kernel_image:
    'RuntimeError: CUDA error: no kernel image is available for execution on the device',
  gpu_driver:
    'RuntimeError: The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver',
  gpu_missing: 'AssertionError: Torch not compiled with CUDA enabled',
  gpu_in_fork:
    "RuntimeError: Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use the 'spawn' start method",
  gpu_cublas:
    'RuntimeError: CUDA error: CUBLAS_STATUS_INVALID_VALUE when calling `cublasSgemm( handle, opa, opb, m, n, k, &alpha, a, lda, b, ldb, &beta, c, ldc)`',
  gpu_cudnn:
    'RuntimeError: cuDNN error: CUDNN_STATUS_NOT_SUPPORTED. This error may appear if you passed in a non-contiguous input.',
  nccl_timeout:
    '[rank1]: torch.distributed.DistBackendError: [Rank 1] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=42, OpType=ALLREDUCE) ran for 600032 milliseconds',
  nccl: 'torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:1970, unhandled system error',
  ddp_unused_parameters:
    'RuntimeError: Expected to have finished reduction in the prior iteration before starting a new one.',
  device_mismatch:
    'RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!',
  cuda_to_numpy:
    "TypeError: can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.",
  compile:
    "torch._dynamo.exc.BackendCompilerFailed: backend='inductor' raised:\nRuntimeError: Cannot find a working triton installation.",
  half_unsupported: 'RuntimeError: "addmm_impl_cpu_" not implemented for \'Half\'',
  grad_scaler: 'ValueError: Attempting to unscale FP16 gradients.',
  needs_detach:
    "RuntimeError: Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.",
  matmul_shape: 'RuntimeError: mat1 and mat2 shapes cannot be multiplied (32x512 and 256x10)',
  broadcast_shape:
    'RuntimeError: The size of tensor a (64) must match the size of tensor b (32) at non-singleton dimension 2',
  reshape_size: "RuntimeError: shape '[8, 128, 6, 64]' is invalid for input of size 262144",
  not_contiguous:
    "RuntimeError: view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead.",
  stack_sizes:
    'RuntimeError: stack expects each tensor to be equal size, but got [3, 224, 224] at entry 0 and [3, 200, 224] at entry 1',
  channels:
    'RuntimeError: Given groups=1, weight of size [64, 3, 7, 7], expected input[8, 1, 28, 28] to have 3 channels, but got 1 channels instead',
  normalized_shape:
    'RuntimeError: Given normalized_shape=[256], expected input with shape [*, 256], but got input of size[8, 128, 384]',
  state_dict:
    'RuntimeError: Error(s) in loading state_dict for GPT:\n\tsize mismatch for wte.weight: copying a param with shape torch.Size([50257, 768]) from checkpoint',
  index_dtype:
    "RuntimeError: Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got torch.FloatTensor instead",
  dtype_mismatch: 'RuntimeError: expected scalar type Float but found BFloat16',
  batch_sizes: 'ValueError: Expected input batch_size (2048) to match target batch_size (2032).',
  index_range: 'IndexError: index out of range in self',
  nothing_requires_grad:
    'RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn',
  backward_twice:
    'RuntimeError: Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed).',
  in_place:
    'RuntimeError: one of the variables needed for gradient computation has been modified by an inplace operation: [torch.FloatTensor [64, 64]]',
  not_a_scalar: 'RuntimeError: grad can be implicitly created only for scalar outputs',
  gradient_none: "AttributeError: 'NoneType' object has no attribute 'norm'",
  no_parameters: 'ValueError: optimizer got an empty parameter list',
  nan: "RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output.",
  tokenizer_padding:
    'ValueError: Asking to pad but the tokenizer does not have a padding token. Please select a token to use as `pad_token`',
  tokenizer_length:
    "ValueError: Unable to create tensor, you should probably activate truncation and/or padding with 'padding=True' 'truncation=True'",
  tokenizer_missing:
    "OSError: Can't load tokenizer for 'gpt2-tiny'. If you were trying to load it from 'https://huggingface.co/models', make sure you don't have a local directory with the same name.",
  loader_shared_memory:
    "RuntimeError: DataLoader worker (pid 4242) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory.",
  loader_worker: 'RuntimeError: DataLoader worker (pid(s) 811, 812) exited unexpectedly',
  loader_collate:
    "TypeError: default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found <class 'NoneType'>",
  loader_empty: 'ValueError: num_samples should be a positive integer value, but got num_samples=0',
  main_guard:
    'RuntimeError:\n        An attempt has been made to start a new process before the current process has finished its bootstrapping phase.',
  pickle: "AttributeError: Can't pickle local object 'make_loader.<locals>.<lambda>'",
  weights_only:
    '_pickle.UnpicklingError: Weights only load failed. This file can still be loaded, to do so you have two options',
  disk_full: 'OSError: [Errno 28] No space left on device',
  read_only: "OSError: [Errno 30] Read-only file system: '/data/cache.bin'",
  permission: "PermissionError: [Errno 13] Permission denied: '/etc/train.lock'",
  file_hidden:
    "ended with exit code 1: FileNotFoundError: [Errno 2] No such file or directory: '/home/ada/.ssh'; /home/ada/.ssh is there, but the sandbox hides your home: sandbox.read shows folders of it to runs",
  file_missing: "FileNotFoundError: [Errno 2] No such file or directory: 'data/train.bin'",
  port_in_use: 'Error: listen EADDRINUSE: address already in use 127.0.0.1:29500',
  open_files: 'OSError: [Errno 24] Too many open files',
  threads: "RuntimeError: can't start new thread",
  host_out_of_memory:
    'numpy._core._exceptions._ArrayMemoryError: Unable to allocate 74.5 GiB for an array with shape (100000, 100000) and data type float64',
  shared_library:
    'ImportError: libcudart.so.11.0: cannot open shared object file: No such file or directory',
  hub_gated:
    'huggingface_hub.errors.GatedRepoError: 403 Client Error. Cannot access gated repo for url https://huggingface.co/meta-llama/Llama-3.2-1B',
  hub_unknown:
    'huggingface_hub.errors.RepositoryNotFoundError: 401 Client Error. Repository Not Found for url: https://huggingface.co/api/models/nobody/nothing',
  hub_offline:
    'huggingface_hub.errors.LocalEntryNotFoundError: Cannot find the requested files in the disk cache and outgoing traffic has been disabled.',
  rate_limit:
    'huggingface_hub.errors.HfHubHTTPError: 429 Client Error: Too Many Requests for url: https://huggingface.co/api/datasets/x',
  network:
    'requests.exceptions.ConnectionError: (MaxRetryError("HTTPSConnectionPool(host=\'example.org\', port=443): Max retries exceeded with url: /a (Caused by NameResolutionError(Temporary failure in name resolution))"))',
  git: 'fatal: not a git repository (or any of the parent directories): .git',
  wandb: 'wandb.errors.errors.UsageError: Call wandb.init() before wandb.log()',
  command_missing: 'sh: 1: torchrun: not found',
  circular_import:
    "ImportError: cannot import name 'Block' from partially initialized module 'model' (most likely due to a circular import) (/w/model.py)",
  import_name:
    "ImportError: cannot import name 'AdamW' from 'transformers' (/venv/transformers/__init__.py)",
  node_module:
    "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'mathjs' imported from /w/train.mjs\n    at Object.getPackageJSONURL (node:internal/modules/package_json_reader:268:9)",
  python_module: "ModuleNotFoundError: No module named 'einops'",
  node_module_kind:
    'ReferenceError: require is not defined in ES module scope, you can use import instead\n    at file:///w/train.mjs:1:1',
  syntax: '  File "train.py", line 12\n    def step(:\n             ^\nSyntaxError: invalid syntax',
  numpy_abi:
    'ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88 from PyObject',
  numpy_removed: "AttributeError: module 'numpy' has no attribute 'float'.",
  ragged_array:
    'ValueError: setting an array element with a sequence. The requested array has an inhomogeneous shape after 1 dimensions.',
  json_value: 'TypeError: Object of type Tensor is not JSON serializable',
  json_parse: 'json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)',
  yaml_parse:
    'yaml.scanner.ScannerError: mapping values are not allowed here\n  in "config.yaml", line 3, column 12',
  api_key: "KeyError: 'OPENAI_API_KEY'",
  arguments: 'train.py: error: unrecognized arguments: --warmup 100',
  call_arguments: "TypeError: GPT.__init__() got an unexpected keyword argument 'tie_weights'",
  none_attribute: "TypeError: 'NoneType' object is not subscriptable",
  undefined_name: "NameError: name 'math' is not defined",
  used_before_set:
    "UnboundLocalError: cannot access local variable 'lr' where it is not associated with a value",
  node_undefined:
    "TypeError: Cannot read properties of undefined (reading 'length')\n    at step (file:///w/train.mjs:44:21)",
  node_not_a_function:
    'TypeError: model.forwardAll is not a function\n    at file:///w/train.mjs:9:7',
  node_const: 'TypeError: Assignment to constant variable.\n    at file:///w/train.mjs:3:6',
  node_heap:
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n 1: 0xb9c1f0 node::Abort() [node]',
  recursion: 'RangeError: Maximum call stack size exceeded\n    at norm (file:///w/train.mjs:7:3)',
  zero_division: 'ZeroDivisionError: float division by zero',
  attribute: "AttributeError: 'GPT' object has no attribute 'ln_f'",
  key: "KeyError: 'hidden_size'",
};

/** Words that look like an error of the catalogue and are none. */
export const NEAR_MISSES: readonly string[] = [
  'step 100: loss 1.302, tokens/s 120000',
  'loaded 60000 samples, no memory pressure, cuda available: True',
  'val_loss: 2.31 (nancy split)',
  'nothing to detach; all tensors on cpu',
  'saved checkpoint to out/permission_study.pt',
  'key: value',
  'AssertionError: the ratio must stay below one',
  'ValueError: unknown schedule cosine2',
  'UserWarning: The given NumPy array is not writable',
  'the dataset has 0.4 % duplicates',
  'module loaded; json written; yaml read',
  'connection pool of size 8 ready',
  'killed time waiting for the loader',
  'found not',
  'RuntimeError: please pass a positive rate',
  'git commit c0ffee, branch main',
  'undefined behaviour is of interest here',
  'the limit of the rate is 3',
];
