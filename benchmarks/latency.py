"""Time a prediction for one image and for 1,000, from NumPy to NumPy, in each library.

Usage, about two minutes on two cores:

    python benchmarks/latency.py [--quick]

Writes the table of latencies of "How fast is it?".
"""

import time

import numpy as np
from common import answer, processes, quartiles, read_arguments, wait, write_table
from contenders import CONTENDERS, Task

from nnbook import load_mnist
from nnbook.preprocessing import flatten_images

ROUNDS, CALLS = 15, {1: 50, 1000: 10}  # calls a round, by number of images
COLUMNS = ("call", "images", "microseconds", "first_quartile", "third_quartile", "to_nnbook")

# Each call with the contender that trains its network; all return probabilities but Keras's,
# whose network gives logits.
CALLS_BY_NAME = {
    "nnbook predict_proba": ("nnbook", lambda model, x: model.predict_proba(x)),
    "PyTorch inference_mode": ("torch_fused", CONTENDERS["torch_fused"].predict),
    "scikit-learn predict_proba": ("sklearn", lambda model, x: model.predict_proba(x)),
    "Keras model(x)": ("keras", lambda model, x: model(x).numpy()),
    "Keras predict_on_batch": ("keras", lambda model, x: model.predict_on_batch(x)),
    "Keras predict": ("keras", lambda model, x: model.predict(x, verbose=0)),
}


def compete(label):
    """Answer a number of images with the seconds that one call takes, averaged over some."""
    name, call = CALLS_BY_NAME[label]
    (images, y), (images_test, _) = load_mnist()
    x, x_test = flatten_images(images[:1280]), flatten_images(images_test[:1000])
    model = CONTENDERS[name].train(x, y[:1280], Task(), lambda: None)
    for m in CALLS:
        call(model, x_test[:m])
    answer()
    while True:
        m = int(wait())
        batch = np.ascontiguousarray(x_test[:m])
        start = time.perf_counter()
        for _ in range(CALLS[m]):
            call(model, batch)
        answer((time.perf_counter() - start) / CALLS[m])


def main():
    arguments = read_arguments(__doc__, CALLS_BY_NAME)
    if arguments.name:
        compete(arguments.name)
    seconds = {(label, m): [] for m in CALLS for label in CALLS_BY_NAME}
    with processes(CALLS_BY_NAME) as contenders:
        for _ in range(2 if arguments.quick else ROUNDS):
            for (label, m), times in seconds.items():
                times += contenders[label].ask(m)
    rows = []
    for (label, m), times in seconds.items():
        ratios = np.divide(times, seconds["nnbook predict_proba", m])
        rows.append((label, m, *quartiles(np.multiply(times, 1e6)), np.median(ratios)))
    write_table("latency", COLUMNS, rows, arguments.quick)


if __name__ == "__main__":
    main()
