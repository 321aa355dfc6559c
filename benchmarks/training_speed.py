"""Training speed on this machine: pairs a second, and the share of the measured peak of its matrix products.

    python benchmarks/training_speed.py --out training-speed.json
    torchrun --standalone --nproc-per-node 2 benchmarks/training_speed.py --out training-speed.json

One process, or several started by torchrun, each on a graphics card or on the processor's cores where there is none.
A step is the training loop's own: generator, loss network, both discriminators and their penalty as often as the
recipe says, optimisers and moving average; pictures are drawn beforehand, so that no data are needed and none are
waited for. The operations of a step are counted (`torch.utils.flop_counter`: convolutions, matrix products and
attention, forward and backward; multiply and add apart), the peak is the best of several square products of the type
that the step computes in, and its share is one over the other. Run it on a machine that does nothing else.
"""

import argparse
import platform
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

import reports
from rsagan.data.sampler import Batch
from rsagan.evaluation.pace import finished
from rsagan.training.distributed import Group, joined, total
from rsagan.training.loop import State, load_backbone, train_step
from rsagan.training.process import prepare
from rsagan.training.recipe import Recipe, load_recipe


def random_batch(size: tuple[int, int], count: int, seed: int = 0) -> Batch:
    """As `rsagan.data.Batches.batch` gives it: noise of the right shapes, with a person of blocks in the middle."""
    random = np.random.default_rng(seed)
    height, width = size
    parsing = np.zeros((count, height, width), np.uint8)
    rows = np.linspace(height // 8, height - 1, 8).astype(int)
    for region in range(1, 8):
        parsing[:, rows[region - 1] : rows[region], width // 4 : width * 3 // 4] = region
    points = random.uniform(0.3, 0.7, (2, count, 18, 2)) * (width, height)
    flow = random.uniform(0, 1, (count, 2, height // 4, width // 4)) * np.array([width, height])[:, None, None]
    pictures = random.uniform(-1, 1, (2, count, 3, height, width)).astype(np.float32)
    return {
        "source": pictures[0],
        "target": pictures[1],
        "parsing": parsing,
        "clean_parsing": parsing,
        "target_parsing": parsing,
        "source_points": points[0].astype(np.float32),
        "target_points": points[1].astype(np.float32),
        "flow": flow.astype(np.float32),
        "chance": random.random(count).astype(np.float32),
    }


def peak(device: torch.device, kind: torch.dtype, repeats: int = 5) -> float:
    """Operations a second of the fastest square product of a type, multiply and add counted apart."""
    best = 0.0
    for side in (1024, 2048) if device.type == "cpu" else (4096, 8192):
        a, b = torch.randn(2, side, side, device=device).to(kind)
        a @ b
        for _ in range(repeats):
            began = finished(device)
            a @ b
            best = max(best, 2 * side**3 / (finished(device) - began))
    return best


def measure(recipe: Recipe, size: tuple[int, int], steps: int, group: Group) -> dict[str, object]:
    """Train on noise for a few steps, discriminators switched on; what is counted is that of all processes together."""
    device = group.device
    prepare(recipe.threads)
    recipe = replace(recipe, adversary=replace(recipe.adversary, start=0, fade=1))
    state = State(recipe, device)
    backbone = load_backbone(recipe, device, state.kind)
    batch = random_batch(size, group.share_of(recipe.batch), seed=group.rank)

    def step() -> None:
        train_step(state, batch, backbone)
        state.seen += recipe.batch

    every = recipe.adversary.r1_every
    steps += -steps % every  # as many with the penalty as in training
    state.seen = recipe.batch * every  # where the discriminators count in full
    with FlopCounterMode(display=False) as penalised:  # the first is one of them
        step()
    with FlopCounterMode(display=False) as plain:
        step()
    step()
    began, used = finished(device), time.process_time()
    for _ in range(steps):
        step()
    seconds, used = (finished(device) - began) / steps, (time.process_time() - used) / steps
    fastest = float(total(torch.tensor(peak(device, state.kind), dtype=torch.float64, device=device)))
    least, most = plain.get_total_flops(), penalised.get_total_flops()
    operations = (least + (most - least) / every) * group.world
    return {
        "recipe": recipe.name,
        "size": list(size),
        "batch": recipe.batch,
        "processes": group.world,
        "precision": str(state.kind).removeprefix("torch."),
        "steps": steps,
        "pairs_per_second": round(recipe.batch / seconds, 3),
        "seconds_per_step": round(seconds, 5),
        "processor_seconds_per_step": round(used, 5),
        "gigaflop_per_pair": round(operations / recipe.batch / 1e9, 3),
        "teraflops": round(operations / seconds / 1e12, 4),
        "peak_teraflops": round(fastest / 1e12, 4),
        "share_of_peak": round(operations / seconds / fastest, 4),
        "machine": {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else processor(),
            "threads": torch.get_num_threads(),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
    }


def processor() -> str:
    """The processor's name, where the system tells."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        names = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        if names:
            return names[0].partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="people-128", help="a built-in recipe or a TOML file")
    parser.add_argument("--size", default="128x88", metavar="HEIGHTxWIDTH")
    parser.add_argument("--batch", type=int, help="pairs a step; the recipe's if not given")
    parser.add_argument(
        "--steps", type=int, default=16, help="steps to measure, after three to warm up; whole rounds of the penalty"
    )
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    height, width = (int(side) for side in arguments.size.split("x"))
    with joined() as group:
        found = measure(replace(recipe, batch=arguments.batch or recipe.batch), (height, width), arguments.steps, group)
        if group.chief:
            reports.tell(found, arguments.out)


if __name__ == "__main__":
    main()
