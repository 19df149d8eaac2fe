"""The command that trains in one process or in many.

Chapter: :doc:`/beyond-one-machine`.
"""

import argparse
import io
import os
import re
import sys
from contextlib import redirect_stderr
from dataclasses import fields
from pathlib import Path

from nnbook.frameworks.data_parallel import fit
from nnbook.frameworks.data_parallel_settings import DATA, DTYPES, MODELS, OPTIMIZERS, Settings
from nnbook.frameworks.processes import process_group
from nnbook.frameworks.torch_checkpoints import NotSavedError
from nnbook.tensor_files import check_writable

DESCRIPTION = r"""Train a network on MNIST, in one process or in many that share each batch.

  python -m nnbook.frameworks.train_ddp --epochs 2                               one process
  torchrun --nproc-per-node=2 -m nnbook.frameworks.train_ddp --epochs 2          two
  torchrun --nnodes=4 --nproc-per-node=8 --rdzv-backend=c10d \
      --rdzv-endpoint=HOST:29400 -m nnbook.frameworks.train_ddp --epochs 2       8 on each of 4

However many there are, they take the same batches and reach the same weights, up to rounding. With
--checkpoint, a training that was killed goes on where its file stands: give the command again.
"""


def main(arguments=None):
    """Run the command line; return its exit status: 0, 1 if it failed, 2 if refused.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the command line if left out.

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    rank = int(os.environ.get("RANK", 0))
    options = vars(_read_arguments(arguments, rank))
    names = [field.name for field in fields(Settings)]
    device = options.pop("device")
    try:
        settings = Settings(**{name: options.pop(name) for name in names})
        if options["checkpoint"] is not None:
            check_writable(options["checkpoint"])
        with process_group(device) as group:
            fit(group, settings, **options)
    except (FloatingPointError, NotSavedError) as error:
        return _stop(1, rank, error)
    except (OSError, ValueError) as error:
        return _stop(2, rank, error)
    except RuntimeError as error:
        if "WORLD_SIZE" not in os.environ:
            raise
        reason = re.sub(r"^\[.*?\] ", "", str(error)).split(". ")[0]  # without the source's line
        print(f"process {rank} stops, because another one did: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _stop(130, rank, "Stopped. With --checkpoint, the same command goes on.")
    return 0


def _stop(status, rank, message):
    if rank == 0:
        print(re.sub("^path:", "checkpoint:", str(message)), file=sys.stderr, flush=True)
    return status


def _read_arguments(arguments, rank):
    parser = argparse.ArgumentParser(
        prog="python -m nnbook.frameworks.train_ddp",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Settings()
    add = parser.add_argument
    add("--model", choices=MODELS, default=default.model, help="784-128-64-10, or convolutions")
    add("--data", choices=DATA, default=default.data)
    add("--train-images", type=count_or_all, default="all", metavar="N", help="default: all")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=int, default=10, metavar="N", help="default: 10")
    length.add_argument("--steps", type=int, metavar="N", help="stop after N steps instead")
    add("--batch-size", type=int, default=128, metavar="N", help="of all processes; default: 128")
    add("--optimizer", choices=OPTIMIZERS, default=default.optimizer)
    add("--learning-rate", type=float, default=1e-3, metavar="RATE", help="default: 0.001")
    add("--dropout", type=float, default=0.0, metavar="RATE", help="in the MLP; default: 0")
    add("--dtype", choices=DTYPES, default=default.dtype)
    add("--seed", type=int, default=0, metavar="N", help="default: 0")
    add("--device", default="auto", help="auto, cpu, cuda or mps; default: auto")
    add("--checkpoint", type=Path, metavar="FILE", help="is written, and resumed from if it exists")
    add("--save-every", type=int, metavar="STEPS", help="default: at the end of each epoch")
    with redirect_stderr(sys.stderr if rank == 0 else io.StringIO()):
        return parser.parse_args(arguments)


def count_or_all(text):
    """Return a number of images, or "all".

    Notes
    -----
    Chapter: :doc:`/beyond-one-machine`.
    """
    return text if text == "all" else int(text)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # while Python takes itself down, threads of PyTorch abort now and then
