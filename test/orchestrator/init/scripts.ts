/** Training scripts as people write them; only the last one is ever run. */

export const NANO_GPT = `"""Trains a language model; every global is a setting."""
import os
import time
import numpy as np
import torch
from model import GPTConfig, GPT

out_dir = 'out'
eval_interval = 2000
log_interval = 1
eval_iters = 200
always_save_checkpoint = True # said in a comment
init_from = 'scratch' # 'scratch' or 'resume'
wandb_log = False
wandb_project = 'owt'
dataset = 'shakespeare'
gradient_accumulation_steps = 5 * 8
batch_size = 12
block_size = 1024
n_layer = 12
n_head = 12
n_embd = 768
dropout = 0.0
bias = False
learning_rate = 6e-4 # the peak
max_iters = 600000
weight_decay = 1e-1
beta1 = 0.9
beta2 = 0.95
grad_clip = 1.0
decay_lr = True
warmup_iters = 2000
min_lr = 6e-5
backend = 'nccl'
device = 'cuda'
compile = True
seed_offset = 0
torch.manual_seed(1337 + seed_offset)
data_dir = os.path.join('data', dataset)
train_data = np.memmap(os.path.join(data_dir, 'train.bin'), dtype=np.uint16, mode='r')
iter_num = 0
while True:
    lr = get_lr(iter_num) if decay_lr else learning_rate
    if iter_num % eval_interval == 0:
        losses = estimate_loss()
        print(f"step {iter_num}: train loss {losses['train']:.4f}, val loss {losses['val']:.4f}")
    if iter_num % log_interval == 0:
        print(f"iter {iter_num}: loss {lossf:.4f}, time {dt*1000:.2f}ms, mfu {running_mfu*100:.2f}%")
    if iter_num > max_iters:
        break
`;

export const ARGPARSE = `import argparse
import torch
import torch.nn.functional as F

def main():
    parser = argparse.ArgumentParser(description='digits')
    parser.add_argument('--batch-size', type=int, default=64, metavar='N',
                        help='how many at once (default: 64)')
    parser.add_argument('--epochs', type=int, default=14, metavar='N')
    parser.add_argument('--lr', type=float, default=1.0, metavar='LR',
                        help='the rate (default: 1.0)')
    parser.add_argument('--gamma', type=float, default=0.7, metavar='M')
    parser.add_argument('--optimizer', default="adamw", choices=["sgd", "adamw"])
    parser.add_argument('--hidden', type=int, default=128)
    parser.add_argument('--no-cuda', action='store_true', default=False)
    parser.add_argument('--log-interval', type=int, default=10)
    parser.add_argument('--data', default='./data/mnist')
    parser.add_argument('--seed', type=int, default=1, metavar='S')
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    for epoch in range(1, args.epochs + 1):
        print('Train Epoch: {} [{}/{} ({:.0f}%)]\\tLoss: {:.6f}'.format(epoch, 1, 2, 3, loss.item()))
    print('Test set: Average loss: {:.4f}, Accuracy: {}/{} ({:.0f}%)'.format(a, b, c, d))
    print(f"test_loss: {test_loss:.4f}")

if __name__ == '__main__':
    main()
`;

export const HF = `from transformers import Trainer, TrainingArguments, set_seed
from datasets import load_dataset
import numpy as np

set_seed(42)
training_args = TrainingArguments(
    output_dir="results",
    learning_rate=2e-5,
    per_device_train_batch_size=16,
    num_train_epochs=3,
    weight_decay=0.01,
    warmup_ratio=0.1,
    label_smoothing_factor=0.0,
    logging_steps=10,
)
trainer = Trainer(model=model, args=training_args)
trainer.train()
metrics = trainer.evaluate()
print({"eval_loss": metrics["eval_loss"], "eval_accuracy": metrics["eval_accuracy"]})
`;

export const YAML_SCRIPT = `import yaml, torch
with open("configs/base.yaml") as f:
    cfg = yaml.safe_load(f)
torch.manual_seed(cfg["seed"])
for step in range(cfg["train"]["steps"]):
    print("step", step, "loss", loss)
print("val_acc:", acc)
`;
export const YAML_CONFIG = `# the base configuration
seed: 7
model:
  hidden: 256
  layers: 4
  activation: relu
train:
  lr: 1e-3   # peak
  weight_decay: 0.01
  steps: 1000
data: {path: data/corpus}
`;

export const SKLEARN = `import random
import numpy as np
from sklearn.ensemble import RandomForestClassifier

random.seed(0)
np.random.seed(0)
clf = RandomForestClassifier(n_estimators=100, max_depth=8, random_state=0)
clf.fit(X, y)
print("accuracy =", clf.score(X_test, y_test))
`;

export const DATACLASS = `from dataclasses import dataclass
import os
import jax

@dataclass
class Hyperparameters:
    batch_size: int = 8*64
    hidden_dim: int = 512
    learning_rate: float = 0.0018
    warmdown_iters: int = 1800
    activation: str = "gelu"
    use_bias: bool = True

args = Hyperparameters()
momentum = float(os.environ.get("MOMENTUM", "0.95"))
seed = int(os.environ["SEED"])
key = jax.random.PRNGKey(seed)
print("---")
print(f"val_bpb:          {val_bpb:.6f}")
print(f"training_seconds: {total:.1f}")
print(f"peak_vram_mb:     {peak:.1f}")
`;

export const NOTHING = `import numpy
print('hello, the loss is unknown')
model.fit(x)
`;

/** Needs nothing but Python; this one is run. */
export const PLAIN_PYTHON = `import random

random.seed(1234)
LEARNING_RATE = 0.05
EPOCHS = 20
HIDDEN = 8  # not used by the line below, yet somebody left it here

w = random.gauss(0, 1)
data = [(x / 10, 3 * x / 10 + random.gauss(0, 0.1)) for x in range(-10, 10)]
for epoch in range(EPOCHS):
    for x, y in data:
        w -= LEARNING_RATE * 2 * (w * x - y) * x
    loss = sum((w * x - y) ** 2 for x, y in data) / len(data)
    print(f"Epoch {epoch + 1}/{EPOCHS} - loss: {loss:.4f}")
print(f"val_mse: {sum((w * x - 3 * x) ** 2 for x, _ in data) / len(data):.6f}")
`;
