"""Draw book/_static/icon.png: the site's icon, which also stands on the social cards."""

from pathlib import Path

import matplotlib.pyplot as plt

ICON = Path(__file__).resolve().parent.parent / "book" / "_static" / "icon.png"
LAYERS = {0: (-1, 0, 1), 1: (-0.5, 0.5)}  # heights of the neurons, by their place across


def main():
    """Draw three neurons, each joined to two."""
    figure = plt.figure(figsize=(1.28, 1.28), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-0.4, 1.4), ylim=(-1.4, 1.4))
    axes.set_axis_off()
    for left in LAYERS[0]:
        for right in LAYERS[1]:
            axes.plot([0, 1], [left, right], color="0.55", linewidth=3, zorder=1)
    for place, color in enumerate(("#0072b2", "#d55e00")):
        heights = LAYERS[place]
        axes.scatter([place] * len(heights), heights, s=520, color=color, zorder=2)
    figure.savefig(ICON, transparent=True, metadata={"Software": None})


if __name__ == "__main__":
    main()
