"""Compare the time of `import nnbook` with that of `import numpy`, pair by pair.

Usage: python benchmarks/import_time.py [pairs]

Prints the median ratio with its quartiles, and the packages that `import nnbook` loads besides
NumPy and the standard library. The book's house rule is a ratio of at most 1.3.
"""

import statistics
import subprocess
import sys
import time

LOADED = """
import sys, nnbook
top = {name.partition('.')[0] for name in sys.modules}
print(*sorted(top - set(sys.stdlib_module_names) - {'numpy', '__main__'}))
"""


def seconds(statement):
    """Run `statement` in a fresh interpreter and return the time it took."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def main():
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    seconds("import nnbook")  # warm the file cache
    ratios = [seconds("import nnbook") / seconds("import numpy") for _ in range(pairs)]
    low, median, high = statistics.quantiles(ratios, n=4)
    print(f"import nnbook / import numpy: {median:.2f} ({low:.2f} to {high:.2f}, {pairs} pairs)")
    loaded = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True)
    print("loaded besides NumPy:", loaded.stdout.strip())


if __name__ == "__main__":
    main()
