"""The checked exercises of :doc:`/optimization`."""

import math

import numpy as np

from nnbook.exercises.exercise import Exercise, Misconception, numbers
from nnbook.exercises.solutions import optimization as solutions

CURVATURE = "optimization#how-curvature-limits-gradient-descent"
BEST = "optimization#the-best-momentum"
AHEAD = "optimization#nesterov-looks-ahead"
FIRST = "optimization#the-first-steps-of-adam"
SCHEDULES = "optimization#noise-and-why-the-rate-should-fall"


# --- best-momentum -------------------------------------------------------------------------------


def bowls(rng):
    """Return symmetric matrices with positive eigenvalues."""
    fixed = np.array([[6.0, 2.0, 0.0], [2.0, 3.0, 0.0], [0.0, 0.0, 4.0]])  # eig: 7, 2, 4, unsorted
    factors = [rng.normal(size=(n + 2, n)) for n in (2, 3, 5)]
    return [(fixed,), *((B.T @ B,) for B in factors)]


def momentum_but(
    scale=np.sqrt,
    rate=lambda low, high: 4 / (high + low) ** 2,
    momentum=lambda low, high: ((high - low) / (high + low)) ** 2,
):
    """Return the right answer, with what a known mistake changes as arguments."""

    def wrong(A):
        low, high = scale(np.linalg.eigvalsh(A)[[0, -1]])
        return rate(low, high), momentum(low, high)

    return wrong


BEST_MOMENTUM = Exercise(
    name="best-momentum",
    page="optimization",
    solution=solutions.best_momentum,
    returns=("rate", "momentum"),
    cases=bowls,
    tolerance=1e-5,  # so much float32 may lose in the eigenvalues
    read=numbers,
    hints=(
        "Only the smallest and the largest eigenvalue matter.",
        "Both formulas hold the roots of the two eigenvalues, not the eigenvalues.",
        "With a and b for the smaller and the larger root: 4 / (a + b)**2, and ((b - a) / (b + "
        "a))**2.",
    ),
    misconceptions=(
        Misconception(
            "roots-missing",
            momentum_but(scale=np.asarray),
            "You put in the eigenvalues where their roots belong. The roots are the point: with "
            "momentum the root of the condition number counts.",
            BEST,
        ),
        Misconception(
            "momentum-not-squared",
            momentum_but(momentum=lambda low, high: (high - low) / (high + low)),
            "Your momentum is the factor by which the distance shrinks in a step. The momentum is "
            "its square: a step multiplies by the root of mu.",
            BEST,
        ),
        Misconception(
            "rate-of-gradient-descent",
            momentum_but(rate=lambda low, high: 2 / (high**2 + low**2)),
            "Your rate is the best one without momentum, 2 over the sum of the two eigenvalues. "
            "With momentum the bound is higher, and so is the best rate.",
            CURVATURE,
        ),
        Misconception(
            "one-over-the-largest",
            momentum_but(rate=lambda low, high: 1 / high**2),
            "Your rate is 1 over the largest eigenvalue. That is safe, but not the best.",
            BEST,
        ),
        Misconception(
            "bound-for-the-rate",
            momentum_but(
                rate=lambda low, high: 2 * (1 + ((high - low) / (high + low)) ** 2) / high**2
            ),
            "Your rate is the bound above which momentum diverges. At the bound nothing shrinks "
            "along the steepest direction.",
            BEST,
        ),
        Misconception(
            "order-swapped",
            lambda A: solutions.best_momentum(A)[::-1],
            "The two numbers are right, and in the wrong order: rate first, then momentum.",
            BEST,
        ),
        Misconception(
            "largest-diagonal-entry",
            lambda A: solutions.best_momentum(np.diag(np.diag(A))),
            "You read the curvatures off the diagonal. They are the eigenvalues, and equal the "
            "diagonal only where all else is 0.",
            CURVATURE,
        ),
    ),
)


# --- nesterov-step -------------------------------------------------------------------------------


def slopes(rng):
    """Return states on a bowl, and on one that is no quadratic."""
    fixed = np.array([1.0, -2.0]), np.array([0.5, 4.0]), lambda w: np.array([1.0, 3.0]) * w
    states = [(*rng.normal(size=(2, n)), lambda w: w + w**3) for n in (3, 4)]
    settings = rng.uniform(0.2, 0.7, size=(2, 2)).tolist()
    random = [(*state, *rest) for state, rest in zip(states, settings, strict=True)]
    return [(*fixed, 0.1, 0.9), *random]


def nesterov_but(
    ahead=lambda w, u, rate, mu: w - rate * mu * u,
    velocity=lambda u, g, mu: mu * u + g,
    start=lambda w, ahead: w,
    kept=lambda new, old: new,
):
    """Return the right step, with what a known mistake changes as arguments."""

    def wrong(w, u, gradient, rate, mu):
        point = ahead(w, u, rate, mu)
        new = velocity(u, gradient(point), mu)
        return start(w, point) - rate * new, kept(new, u)

    return wrong


def rate_in_the_velocity(w, u, gradient, rate, mu):
    v = mu * u - rate * gradient(w + mu * u)
    return w + v, v


NESTEROV_STEP = Exercise(
    name="nesterov-step",
    page="optimization",
    solution=solutions.nesterov_step,
    returns=("w", "u"),
    cases=slopes,
    tolerance=1e-5,  # so much float32 may lose in the gradients
    hints=(
        "Where would the velocity alone carry w in this step? Ask for the gradient there.",
        "The velocity fades to mu * u first, and a step is rate times that.",
        "gradient(w - rate * mu * u) goes into the velocity; the step itself starts from w.",
    ),
    misconceptions=(
        Misconception(
            "gradient-where-it-stands",
            nesterov_but(ahead=lambda w, u, rate, mu: w),
            "You ask for the gradient at w. That is plain momentum: nothing looks ahead.",
            AHEAD,
        ),
        Misconception(
            "looks-back",
            nesterov_but(ahead=lambda w, u, rate, mu: w + rate * mu * u),
            "The sign is flipped: u adds up gradients, and steps go against it. You look at where "
            "w came from.",
            AHEAD,
        ),
        Misconception(
            "whole-velocity-ahead",
            nesterov_but(ahead=lambda w, u, rate, mu: w - rate * u),
            "You look rate * u ahead. Of the old velocity only mu * u is left in this step.",
            AHEAD,
        ),
        Misconception(
            "mu-twice",
            nesterov_but(ahead=lambda w, u, rate, mu: w - rate * mu * mu * u),
            "You look rate * mu * mu * u ahead. The velocity fades once in a step: rate * mu * u.",
            AHEAD,
        ),
        Misconception(
            "rate-missing-ahead",
            nesterov_but(ahead=lambda w, u, rate, mu: w - mu * u),
            "The learning rate is missing in the look ahead: the step is rate times the velocity.",
            AHEAD,
        ),
        Misconception(
            "step-from-ahead",
            nesterov_but(start=lambda w, ahead: ahead),
            "The gradient is taken ahead, but the step starts from w. Yours goes the old velocity "
            "twice.",
            AHEAD,
        ),
        Misconception(
            "gradient-damped",
            nesterov_but(velocity=lambda u, g, mu: mu * u + (1 - mu) * g),
            "Your velocity takes up 1 - mu of the gradient, as Adam's m does. Here it takes up all "
            "of it.",
            AHEAD,
        ),
        Misconception(
            "velocity-not-kept",
            nesterov_but(kept=lambda new, old: old),
            "The step is right, but you return the velocity from before.",
            AHEAD,
        ),
        Misconception(
            "rate-in-the-velocity",
            rate_in_the_velocity,
            "Your velocity holds the rate and the minus sign, as many books write it. Here u adds "
            "up gradients, and the rate comes with the step.",
            AHEAD,
        ),
        Misconception(
            "as-the-frameworks-write-it",
            lambda w, u, gradient, rate, mu: (
                w - rate * (gradient(w) + mu * (mu * u + gradient(w))),
                mu * u + gradient(w),
            ),
            "This is the frameworks' form. It takes the gradient at w, because its w is the point "
            "ahead. From the same numbers it does not take the same step.",
            AHEAD,
        ),
    ),
)


# --- uncorrected-step ----------------------------------------------------------------------------


def step_numbers(rng):
    fixed = [(1, 0.9, 0.999), (10, 0.9, 0.999), (3, 0.5, 0.9)]
    return fixed + [(int(rng.integers(2, 50)), *rng.uniform(0.8, 0.99, size=2)) for _ in range(2)]


UNCORRECTED_STEP = Exercise(
    name="uncorrected-step",
    page="optimization",
    solution=solutions.uncorrected_step,
    returns=("length",),
    cases=step_numbers,
    tolerance=1e-5,  # so much float32 may lose in the powers
    hints=(
        "With a constant gradient g, what is m after one step, after two, after t?",
        "m is (1 - beta_1**t) g, and v is (1 - beta_2**t) g squared.",
        "The step is m over the root of v. g cancels.",
    ),
    misconceptions=(
        Misconception(
            "corrections-for-the-lack",
            lambda t, beta_1, beta_2: math.sqrt(1 - beta_2**t) / (1 - beta_1**t),
            "This is the factor of the corrections. Without them the step is 1 over that.",
            FIRST,
        ),
        Misconception(
            "root-missing",
            lambda t, beta_1, beta_2: (1 - beta_1**t) / (1 - beta_2**t),
            "The root is missing: Adam divides by the root of v.",
            FIRST,
        ),
        Misconception(
            "only-the-first-step",
            lambda t, beta_1, beta_2: (1 - beta_1) / math.sqrt(1 - beta_2),
            "This holds at the first step. After t steps the averages hold 1 - beta**t of what "
            "they should.",
            FIRST,
        ),
        Misconception(
            "only-the-mean",
            lambda t, beta_1, beta_2: 1 - beta_1**t,
            "You counted what m lacks. v starts at zero too, and it stands below the line.",
            FIRST,
        ),
        Misconception(
            "only-the-square",
            lambda t, beta_1, beta_2: 1 / math.sqrt(1 - beta_2**t),
            "You counted what v lacks. m starts at zero too.",
            FIRST,
        ),
        Misconception(
            "betas-swapped",
            lambda t, beta_1, beta_2: (1 - beta_2**t) / math.sqrt(1 - beta_1**t),
            "The betas are swapped: beta_1 belongs to m, above the line, and beta_2 to v.",
            FIRST,
        ),
        Misconception(
            "power-outside",
            lambda t, beta_1, beta_2: (1 - beta_1) ** t / math.sqrt((1 - beta_2) ** t),
            "The power belongs to beta alone: 1 - beta**t, not (1 - beta)**t.",
            FIRST,
        ),
    ),
)


# --- warmup-cosine -------------------------------------------------------------------------------


def plans(rng):
    fixed = [(0, 0.1, 5, 20), (4, 0.1, 5, 20), (5, 0.1, 5, 20), (13, 0.1, 5, 20), (19, 0.1, 5, 20)]
    later = [(int(rng.integers(8, 30)), float(rng.uniform(0.1, 1)), 7, 31) for _ in range(2)]
    return [*fixed, (2, float(rng.uniform(0.1, 1)), 7, 31), *later]


def schedule_but(
    rise=lambda step, warmup: (step + 1) / warmup,
    share=lambda step, warmup, total: (step - warmup) / (total - warmup),
    fall=lambda share: (1 + math.cos(math.pi * share)) / 2,
):
    """Return the right rate, with what a known mistake changes as arguments."""

    def wrong(step, peak, warmup, total):
        if step < warmup:
            return peak * rise(step, warmup)
        return peak * fall(share(step, warmup, total))

    return wrong


WARMUP_COSINE = Exercise(
    name="warmup-cosine",
    page="optimization",
    solution=solutions.warmup_cosine,
    returns=("rate",),
    cases=plans,
    hints=(
        "Two cases: step < warmup, and the rest.",
        "The fall begins at step warmup with the peak, and ends at step total with 0. Which share "
        "of it is over?",
        "peak * (step + 1) / warmup, then peak * (1 + cos(pi * share)) / 2 with share = (step - "
        "warmup) / (total - warmup).",
    ),
    misconceptions=(
        Misconception(
            "first-step-without-rate",
            schedule_but(rise=lambda step, warmup: step / warmup),
            "Your first step has the rate 0 and does nothing. Steps count from 0, so the rise is "
            "(step + 1) / warmup.",
            SCHEDULES,
        ),
        Misconception(
            "fall-from-step-0",
            schedule_but(share=lambda step, warmup, total: step / total),
            "Your cosine counts from step 0, so the rate jumps down where the warm-up ends. The "
            "fall begins there.",
            SCHEDULES,
        ),
        Misconception(
            "fall-too-long",
            schedule_but(share=lambda step, warmup, total: (step - warmup) / total),
            "Your fall takes total steps, of which warmup steps are gone already. So it never "
            "reaches 0.",
            SCHEDULES,
        ),
        Misconception(
            "whole-cosine",
            schedule_but(fall=lambda share: (1 + math.cos(2 * math.pi * share)) / 2),
            "Your cosine runs a whole turn, down and up again. Half a turn is pi.",
            SCHEDULES,
        ),
        Misconception(
            "quarter-cosine",
            schedule_but(fall=lambda share: math.cos(math.pi / 2 * share)),
            "Yours is a quarter of a cosine, which stays high for longer and ends in a steep fall. "
            "Half a cosine is flat at both ends.",
            SCHEDULES,
        ),
        Misconception(
            "line-down",
            schedule_but(fall=lambda share: 1 - share),
            "You fall in a straight line. The cosine is flat at the peak and flat at the end.",
            SCHEDULES,
        ),
        Misconception(
            "half-missing",
            schedule_but(fall=lambda share: 1 + math.cos(math.pi * share)),
            "The half is missing: 1 + cos runs from 2 to 0, so the rate jumps to twice the peak.",
            SCHEDULES,
        ),
        Misconception(
            "negative-rates",
            schedule_but(fall=lambda share: math.cos(math.pi * share)),
            "Your rate becomes negative halfway down. Add 1 to the cosine and halve it.",
            SCHEDULES,
        ),
    ),
)

EXERCISES = (BEST_MOMENTUM, NESTEROV_STEP, UNCORRECTED_STEP, WARMUP_COSINE)
