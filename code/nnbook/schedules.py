r"""Learning-rate schedules: the learning rate as a function of the number of steps taken.

An optimizer takes a schedule wherever it takes a number: ``Adam(CosineDecay(1e-3, 4000))``. Steps
are mini-batches, counted from 0. A schedule has no memory, so a resumed training needs only the
number of its next step; any other function of that number will do as well.

Chapter: :doc:`/engine`.
"""

from dataclasses import dataclass
from math import cos, pi

from nnbook.validation import check_count, check_fraction, check_nonnegative, check_positive


@dataclass(frozen=True)
class StepDecay:
    r"""Multiply the learning rate by `gamma` after every `step_size` steps.

    .. math:: \eta_t = \eta_0\, \gamma^{\lfloor t / s \rfloor}

    PyTorch's StepLR; in Keras, ExponentialDecay with ``staircase=True``.

    Parameters
    ----------
    initial_learning_rate : float
        The rate :math:`\eta_0` of the first step.
    step_size : int
        The number s of steps at one rate.
    gamma : float, default 0.1
        The factor.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    initial_learning_rate: float
    step_size: int
    gamma: float = 0.1

    def __post_init__(self):
        check_positive("initial_learning_rate", self.initial_learning_rate)
        check_count("step_size", self.step_size)
        check_positive("gamma", self.gamma)

    def __call__(self, step):
        return self.initial_learning_rate * self.gamma ** (step // self.step_size)


@dataclass(frozen=True)
class CosineDecay:
    r"""Fall along half a cosine to `alpha` times the first rate, and stay there.

    .. math:: \eta_t = \eta_0 \Big( \alpha + (1 - \alpha)\,
              \tfrac12 \big(1 + \cos \tfrac{\pi t}{T} \big) \Big), \qquad t \le T

    Keras's CosineDecay without warm-up; PyTorch's CosineAnnealingLR up to step T.

    Parameters
    ----------
    initial_learning_rate : float
        The rate :math:`\eta_0` of the first step.
    decay_steps : int
        The number T of steps until the rate is at its lowest.
    alpha : float, default 0
        The lowest rate as a share of the first.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts",
    ICLR 2017, `arXiv:1608.03983 <https://arxiv.org/abs/1608.03983>`_.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    initial_learning_rate: float
    decay_steps: int
    alpha: float = 0.0

    def __post_init__(self):
        check_positive("initial_learning_rate", self.initial_learning_rate)
        check_count("decay_steps", self.decay_steps)
        check_fraction("alpha", self.alpha)

    def __call__(self, step):
        fall = 0.5 * (1 + cos(pi * min(step, self.decay_steps) / self.decay_steps))
        return self.initial_learning_rate * (self.alpha + (1 - self.alpha) * fall)


@dataclass(frozen=True, repr=False)
class Warmup:
    r"""Rise in a straight line to the rate of another schedule, then follow that.

    .. math:: \eta_t = \frac{t + 1}{w}\, \eta'_0 \quad (t < w), \qquad
              \eta_t = \eta'_{t - w} \quad (t \ge w)

    Parameters
    ----------
    schedule : float or callable
        The rate or the schedule :math:`\eta'` after the warm-up; its steps count from there.
    warmup_steps : int
        The number w of steps of the rise.

    References
    ----------
    P. Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017,
    `arXiv:1706.02677 <https://arxiv.org/abs/1706.02677>`_.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    schedule: object
    warmup_steps: int

    def __post_init__(self):
        check_count("warmup_steps", self.warmup_steps)
        if not callable(self.schedule):
            check_positive("schedule", self.schedule)

    def __repr__(self):
        return f"Warmup(schedule={written(self.schedule)}, warmup_steps={self.warmup_steps})"

    def __call__(self, step):
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps * rate_at(self.schedule, 0)
        return rate_at(self.schedule, step - self.warmup_steps)


@dataclass(frozen=True)
class OneCycle:
    r"""Rise along half a cosine to `max_learning_rate`, then fall along another one.

    The first rate is `max_learning_rate` divided by `div_factor`, the last one that divided by
    `final_div_factor`: PyTorch's OneCycleLR with its defaults, but for the momentum, which stays.

    Parameters
    ----------
    max_learning_rate : float
        The highest rate.
    total_steps : int
        Number of steps of the whole training, at least 2; later ones keep the last rate.
    pct_start : float, default 0.3
        Share of the steps that rise.
    div_factor, final_div_factor : float
        What the highest rate is divided by for the first rate, and that one for the last.

    References
    ----------
    L. N. Smith and N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using
    Large Learning Rates", 2018, `arXiv:1708.07120 <https://arxiv.org/abs/1708.07120>`_.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    max_learning_rate: float
    total_steps: int
    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def __post_init__(self):
        check_positive("max_learning_rate", self.max_learning_rate)
        check_count("total_steps", self.total_steps, minimum=2)
        check_fraction("pct_start", self.pct_start)
        check_positive("div_factor", self.div_factor)
        check_positive("final_div_factor", self.final_div_factor)

    def __call__(self, step):
        first = self.max_learning_rate / self.div_factor
        top, end = self.pct_start * self.total_steps - 1, self.total_steps - 1
        if step < top:
            return _cosine(first, self.max_learning_rate, step / top)
        share = min((step - top) / (end - top), 1)
        return _cosine(self.max_learning_rate, first / self.final_div_factor, share)


@dataclass(frozen=True)
class ExponentialRise:
    r"""Multiply the rate by the same factor at every step: the schedule of a range test.

    .. math:: \eta_t = \eta_0 \Big( \frac{\eta_T}{\eta_0} \Big)^{t / T}

    Parameters
    ----------
    initial_learning_rate, final_learning_rate : float
        The rates :math:`\eta_0` of step 0 and :math:`\eta_T` of step T.
    rise_steps : int
        The number T.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    initial_learning_rate: float
    final_learning_rate: float
    rise_steps: int

    def __post_init__(self):
        check_positive("initial_learning_rate", self.initial_learning_rate)
        check_positive("final_learning_rate", self.final_learning_rate)
        check_count("rise_steps", self.rise_steps)

    def __call__(self, step):
        ratio = self.final_learning_rate / self.initial_learning_rate
        return self.initial_learning_rate * ratio ** (step / self.rise_steps)


def rate_at(learning_rate, step):
    """Return the rate of the step: a number as it is, a schedule's value checked.

    Raises
    ------
    ValueError, TypeError
        If the rate is no finite number of at least 0.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    if not callable(learning_rate):
        return learning_rate
    return check_nonnegative(f"the learning rate of step {step}", learning_rate(step))


def written(value):
    """Return the repr of an argument; a function is written by its name, not by its address.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """
    return getattr(value, "__qualname__", repr(value))


def _cosine(start, end, share):
    return end + (start - end) * 0.5 * (1 + cos(pi * share))
