import type { KnownError } from './known-error.ts';

/** Of tensors, gradients, tokenizers and data loaders. The first that a line matches counts. */
export const TENSOR_ERRORS: readonly KnownError[] = [
  {
    id: 'needs_detach',
    pattern: /Can't call numpy\(\) on Tensor that requires grad/,
    cause: 'The tensor is part of the graph that gradients flow through.',
    fix: 'Call .detach() before .numpy(), or .item() for one number.',
  },
  {
    id: 'matmul_shape',
    pattern:
      /mat1 and mat2 shapes cannot be multiplied|matmul: Input operand 1 has a mismatch|size mismatch, m1|shapes \S+ and \S+ not aligned|inconsistent tensor size, expected tensor/,
    cause: 'The inner sizes of a matrix product differ.',
    fix: 'Give the layer the in_features that its input now has, or transpose one side.',
  },
  {
    id: 'broadcast_shape',
    pattern:
      /The size of tensor a \(\d+\) must match the size of tensor b|operands could not be broadcast together|The expanded size of the tensor|Incompatible shapes/,
    cause: 'Two tensors whose sizes differ are combined element by element.',
    fix: 'Bring both to one shape (unsqueeze, the right axis, the new width everywhere it is used).',
  },
  {
    id: 'reshape_size',
    pattern: /shape '\[[^\]]*\]' is invalid for input of size|cannot reshape array of size/,
    cause: 'A reshape asks for another number of elements than there are.',
    fix: 'Derive the sizes from the tensor (x.shape, -1) instead of constants that the change has moved; heads must divide the width.',
  },
  {
    id: 'not_contiguous',
    pattern: /view size is not compatible with input tensor's size and stride/,
    cause: 'view needs memory in order, and a transpose or slice came before it.',
    fix: 'Use .reshape(…), or .contiguous() before .view(…).',
  },
  {
    id: 'stack_sizes',
    pattern:
      /stack expects each tensor to be equal size|Sizes of tensors must match except in dimension|all (?:the )?input array(?:s| dimensions).*must (?:have|match)/,
    cause: 'Tensors of different sizes are stacked or concatenated.',
    fix: 'Pad or cut them to one size, or concatenate along the axis that differs.',
  },
  {
    id: 'channels',
    pattern: /Given groups=\d+, weight of size|expected input\S* to have \d+ channels/,
    cause: 'A convolution gets another number of channels than it was made for.',
    fix: 'Give it the in_channels of its input, and put the channel axis where the layer expects it.',
  },
  {
    id: 'normalized_shape',
    pattern: /Given normalized_shape=|running_mean should contain \d+ elements/,
    cause: 'A normalisation layer was made for another width.',
    fix: 'Make it with the size of the axis that it normalises.',
  },
  {
    id: 'state_dict',
    pattern:
      /Error\(s\) in loading state_dict|(?:Missing|Unexpected) key\(s\) in state_dict|loaded state dict (?:has|contains)/,
    cause: 'A checkpoint was saved from another architecture than the one it is loaded into.',
    fix: 'Start from scratch, or load only the layers that are still the same (strict=False).',
  },
  {
    id: 'index_dtype',
    pattern:
      /to have one of the following scalar types: Long, Int|expected scalar type Long but found|not implemented for '(?:Int|Float|Double|Char|Bool)'.*|tensors used as indices must be long/,
    cause: 'Indices or class labels are not whole numbers of 64 bits.',
    fix: 'Call .long() on indices and labels; keep inputs of the model floating point.',
  },
  {
    id: 'dtype_mismatch',
    pattern:
      /expected scalar type \w+ but found|expected m1 and m2 to have the same dtype|mat1 and mat2 must have the same dtype|must have the same dtype|Input type \(\S+\) and (?:weight|bias) type \(\S+\) should be the same|Found dtype \w+ but expected/,
    cause: 'Two tensors of different number types meet.',
    fix: 'Make new tensors with dtype=x.dtype, convert one side with .to(x.dtype), or put the line under the same autocast.',
  },
  {
    id: 'batch_sizes',
    pattern:
      /Expected input batch_size \(\d+\) to match target batch_size|input and target batch or spatial sizes don't match|Using a target size .* that is different to the input size/,
    cause: 'Predictions and targets have different lengths.',
    fix: 'Flatten both the same way, and shift inputs and targets by the same amount.',
  },
  {
    id: 'index_range',
    pattern:
      /index out of range in self|Target \S+ is out of bounds|IndexError: (?:list )?index \S*\s?(?:is )?out of|IndexError: (?:list|tuple|string) index out of range|out of bounds for (?:axis|dimension)|indices must be in the range/,
    cause: 'An index is larger than what it points into.',
    fix: 'Check vocabulary, classes, positions and context length against the sizes that the tables have.',
  },
  {
    id: 'nothing_requires_grad',
    pattern: /does not require grad and does not have a grad_fn/,
    cause:
      'The loss no longer depends on a parameter: a detach, no_grad, argmax or conversion cut the graph.',
    fix: 'Compute the loss from the model’s output without .detach(), .item(), NumPy or torch.no_grad() in between.',
  },
  {
    id: 'backward_twice',
    pattern: /Trying to backward through the graph a second time/,
    cause: 'A tensor of an earlier step is still part of this step’s graph.',
    fix: 'Detach what is carried from step to step (hidden states, running losses), and call backward once per graph.',
  },
  {
    id: 'in_place',
    pattern:
      /modified by an inplace operation|leaf (?:Variable|variable) that requires grad .*in-place|is a view (?:of a leaf Variable|and is being modified inplace)/,
    cause: 'A tensor that the backward pass needs was changed in place.',
    fix: 'Write x = x + y in place of x += y, and update parameters under torch.no_grad().',
  },
  {
    id: 'not_a_scalar',
    pattern:
      /grad can be implicitly created only for scalar outputs|only one element tensors can be converted|a Tensor with \d+ elements cannot be converted to Scalar|only (?:size-1|length-1) arrays can be converted/,
    cause: 'One number was expected and a whole tensor came.',
    fix: 'Reduce it first: .mean() or .sum().',
  },
  {
    id: 'gradient_none',
    pattern:
      /'NoneType' object has no attribute '(?:data|norm|zero_|mul_|add_|div_|abs|pow|square|clone|sign|is_sparse)'/,
    cause: 'A parameter has no gradient: it took no part in the loss, or backward has not run yet.',
    fix: 'Skip parameters whose .grad is None, and look at gradients between backward and zero_grad.',
  },
  {
    id: 'no_parameters',
    pattern: /optimizer got an empty parameter list|can't optimize a non-leaf Tensor/,
    cause: 'The optimizer was given nothing that can be trained.',
    fix: 'Hold layers in nn.ModuleList or nn.Parameter, move the model first, then build the optimizer from model.parameters().',
  },
  {
    id: 'nan',
    pattern:
      /FloatingPointError|returned nan values in its|[Ll]oss (?:is|was|became|=|:) ?(?:nan|NaN|inf)|[Ii]nput (?:X )?contains (?:NaN|infinity)|non-finite (?:loss|gradient)|(?:nan|NaN) (?:loss|gradient)s? (?:detected|encountered|at)/,
    cause:
      'Numbers left the range that can be represented: training diverged or divided by nothing.',
    fix: 'Clip gradients, add an epsilon below a division, root or logarithm, keep the softmax and the loss in float32.',
  },
  {
    id: 'tokenizer_padding',
    pattern:
      /Asking to pad but the tokenizer does not have a padding token|Cannot handle batch sizes > 1 if no padding token/,
    cause: 'The tokenizer has no padding token.',
    fix: 'Set tokenizer.pad_token = tokenizer.eos_token, and the model’s pad_token_id with it.',
  },
  {
    id: 'tokenizer_length',
    pattern:
      /Unable to create tensor, you should probably activate truncation|Token indices sequence length is longer than|exceeds the (?:model'?s? )?maximum (?:sequence|context) length/,
    cause: 'Texts of different or too great length were put into one tensor.',
    fix: 'Tokenise with truncation=True, padding=True and a max_length within the model’s.',
  },
  {
    id: 'tokenizer_missing',
    pattern:
      /Can't load tokenizer for|Can't instantiate .*[Tt]okenizer|Couldn't instantiate the backend tokenizer/,
    cause: 'The tokenizer’s files, or a library that it needs, are not there.',
    fix: 'Use a tokenizer that is on this machine, and install sentencepiece or tiktoken where it asks for them.',
  },
  {
    id: 'loader_shared_memory',
    pattern:
      /insufficient shared memory|unable to (?:open|mmap) shared memory|received 0 items of ancdata|Bus error/,
    cause: 'The data loader’s workers ran out of shared memory or of open files.',
    fix: 'Use fewer workers or smaller batches, or torch.multiprocessing.set_sharing_strategy("file_system").',
  },
  {
    id: 'loader_worker',
    pattern:
      /DataLoader worker \(pid(?:\(s\))? [\d, ]+\) (?:is killed by signal|exited unexpectedly)|Caught \w+ in DataLoader worker process/,
    cause: 'A worker of the data loader died or raised.',
    fix: 'Set num_workers=0 to see the real error; the line in the dataset is named above.',
  },
  {
    id: 'loader_collate',
    pattern:
      /default_collate: batch must contain|each element in list of batch should be of equal size/,
    cause: 'Samples of one batch have types or lengths that cannot be put together.',
    fix: 'Return tensors or numbers from the dataset, and pad in a collate_fn.',
  },
  {
    id: 'loader_empty',
    pattern:
      /num_samples should be a positive integer value, but got num_samples=0|Dataset is empty/,
    cause: 'The dataset has no samples: a path, a split or a filter left nothing.',
    fix: 'Check the path from workspace.directory, and that the linked data is named in workspace.link.',
  },
  {
    id: 'main_guard',
    pattern: /before the current process has finished its bootstrapping phase/,
    cause: 'A started process imports the script and starts processes itself.',
    fix: 'Put what trains below if __name__ == "__main__".',
  },
  {
    id: 'weights_only',
    pattern: /Weights only load failed|weights_only/,
    cause: 'torch.load reads tensors alone by default, and the file holds other objects.',
    fix: 'Save and load a state_dict, or allow the classes with torch.serialization.add_safe_globals.',
  },
  {
    id: 'pickle',
    pattern: /[Cc]an't pickle|cannot pickle|Can't get attribute '.*' on <module|_pickle\.\w*Error/,
    cause:
      'Something that has no name at the top of a module was sent to another process or into a file.',
    fix: 'Use functions and classes defined at the top of a module in place of lambdas and local ones; save state_dict().',
  },
];
