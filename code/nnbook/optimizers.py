r"""Optimizers: how a gradient becomes a step.

All parameters of a network lie in one long vector, their gradients in another, and what an
optimizer remembers (its *slots*) in vectors of the same length. A step is element by element, so
it is taken block by block: the few arrays of a block stay in the processor's cache while all
operations pass over them. What this is worth is measured in :doc:`/how-fast`.

Two kinds of decay are told apart. `l2` adds the gradient of :math:`\tfrac{\lambda}{2}\|W\|^2` to
that of the loss, before the optimizer sees it: PyTorch calls this ``weight_decay`` in SGD, RMSprop
and Adam. AdamW's `weight_decay` shrinks the weights directly. Both spare biases and the scales and
shifts of a normalisation; PyTorch does so only if told.

Chapter: :doc:`/engine`.
"""

import inspect

import numpy as np

from nnbook.schedules import rate_at, written
from nnbook.validation import check_choice, check_fraction, check_nonnegative, check_positive

BLOCK = 65_536  # numbers: 256 KiB of float32 in each of the five or so arrays of a block


class Optimizer:
    r"""What all optimizers share: the block loop, the schedule, clipping and the L2 penalty.

    A subclass names its `slots` and says in ``update`` what happens to a block.

    Parameters
    ----------
    learning_rate : float or callable
        The step size, or a schedule; see :mod:`nnbook.schedules`.
    l2 : float, default 0
        The factor :math:`\lambda` of the L2 penalty.
    global_clipnorm : float or None, default None
        The largest norm of the whole gradient, all parameters together; a longer one is
        shortened to it, before the penalty is added. Keras's name; in PyTorch ``clip_grad_norm_``.

    Attributes
    ----------
    iterations : int
        Number of steps taken.
    state : dict of str to ndarray
        The slots, once the first step has made them.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or of a wrong type.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    slots = ()

    def __init__(self, learning_rate, l2=0.0, global_clipnorm=None):
        if not callable(learning_rate):
            learning_rate = check_positive("learning_rate", learning_rate)
        if global_clipnorm is not None:
            global_clipnorm = check_positive("global_clipnorm", global_clipnorm)
        self.learning_rate = learning_rate
        self.l2 = check_nonnegative("l2", l2)
        self.global_clipnorm = global_clipnorm
        self.iterations, self.state = 0, {}

    @property
    def current_learning_rate(self):
        """The learning rate of the next step."""
        return rate_at(self.learning_rate, self.iterations)

    def step(self, parameters, gradients, num_weights=None):
        """Change `parameters` in place, by one step against `gradients`.

        Parameters
        ----------
        parameters, gradients : ndarray of shape (n,)
            float32 or float64, both the same. Clipping and the L2 penalty change `gradients`.
        num_weights : int or None, default None
            How many numbers at the front decay: the weights, without the biases. None is all.

        Raises
        ------
        ValueError
            If the arrays do not fit each other, or the steps before.
        """
        self.check(parameters, gradients)
        rate, weights = self.current_learning_rate, slice(num_weights)
        if self.global_clipnorm is not None:
            gradients *= min(1.0, self.global_clipnorm / _norm(gradients))
        if self.l2:
            gradients[weights] += self.l2 * parameters[weights]
        self.decay(parameters[weights], rate)

        self.iterations += 1
        scratch = np.empty_like(parameters[:BLOCK])
        for start in range(0, len(parameters), BLOCK):
            block = slice(start, start + BLOCK)
            p, g = parameters[block], gradients[block]
            slots = (self.state[name][block] for name in self.slots)
            self.update(p, g, rate, scratch[: len(p)], *slots)

    def decay(self, weights, rate):
        """Shrink the weights, where an optimizer does that apart from the gradient."""

    def update(self, p, g, rate, t, *slots):
        """Change the block `p`, and its slots, by one step; `t` is scratch space of its size."""
        raise NotImplementedError

    def config(self):
        """Return the arguments that make an equal optimizer."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __repr__(self):
        arguments = ", ".join(f"{name}={written(value)}" for name, value in self.config().items())
        return f"{type(self).__name__}({arguments})"

    def check(self, parameters, gradients):
        """Refuse arrays that do not fit each other, or the steps before."""
        if parameters.shape != gradients.shape or parameters.dtype != gradients.dtype:
            raise ValueError(
                f"gradients has shape {gradients.shape} and dtype {gradients.dtype}, "
                f"expected {parameters.shape} and {parameters.dtype} as parameters"
            )
        if not self.state:
            self.state = {name: np.zeros_like(parameters) for name in self.slots}
        for slot in self.state.values():
            if slot.shape != parameters.shape or slot.dtype != parameters.dtype:
                raise ValueError(
                    f"parameters has shape {parameters.shape} and dtype {parameters.dtype}, "
                    f"but this {type(self).__name__} has worked on {slot.shape} and {slot.dtype}; "
                    "take a new one for another network"
                )


class SGD(Optimizer):
    r"""Stochastic gradient descent, plain, with momentum, or with Nesterov's momentum.

    .. math:: v &\leftarrow \mu v + g \\
              \theta &\leftarrow \theta - \eta v \quad \text{or, with Nesterov's,} \quad
              \theta \leftarrow \theta - \eta (g + \mu v)

    The velocity v is free of the learning rate, as in PyTorch; Keras keeps :math:`\eta v`. At a
    constant learning rate the two are the same, under a schedule they are not.

    Parameters
    ----------
    learning_rate : float or callable, default 0.01
        The step size :math:`\eta`.
    momentum : float, default 0
        The factor :math:`\mu`.
    nesterov : bool, default False
        Look ahead.
    l2, global_clipnorm
        See :class:`Optimizer`.

    References
    ----------
    I. Sutskever et al., "On the importance of initialization and momentum in deep learning",
    ICML 2013, `PMLR 28:1139-1147 <https://proceedings.mlr.press/v28/sutskever13.html>`_.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def __init__(
        self, learning_rate=0.01, momentum=0.0, nesterov=False, l2=0.0, global_clipnorm=None
    ):
        super().__init__(learning_rate, l2, global_clipnorm)
        self.momentum = check_fraction("momentum", momentum)
        self.nesterov = bool(nesterov)
        if self.nesterov and not momentum:
            raise ValueError("nesterov is True and momentum 0, expected a momentum above 0")
        self.slots = ("velocity",) if momentum else ()

    def update(self, p, g, rate, t, velocity=None):
        if velocity is None:
            step = g
        else:
            velocity *= self.momentum
            velocity += g
            step = velocity
        np.multiply(step, rate, out=t)
        if self.nesterov:
            t *= self.momentum
            p -= t
            np.multiply(g, rate, out=t)
        p -= t


class RMSProp(Optimizer):
    r"""Divide each step by a running root mean square of its gradient.

    .. math:: v \leftarrow \rho v + (1 - \rho) g^2, \qquad
              \theta \leftarrow \theta - \frac{\eta\, g}{\sqrt{v} + \epsilon}

    Parameters
    ----------
    learning_rate : float or callable, default 0.001
        The step size :math:`\eta`.
    rho : float, default 0.9
        Share of the old average that stays. PyTorch calls it alpha, with 0.99 as default.
    epsilon : float, default 1e-7
        Keeps the quotient finite.
    convention : {"pytorch", "keras"}, default "pytorch"
        Keras adds epsilon under the root: :math:`\sqrt{v + \epsilon}`.
    l2, global_clipnorm
        See :class:`Optimizer`.

    References
    ----------
    T. Tieleman and G. Hinton, "Lecture 6.5: RMSProp", Coursera, 2012,
    `slides <https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf>`_.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    slots = ("mean_square",)

    def __init__(
        self,
        learning_rate=0.001,
        rho=0.9,
        epsilon=1e-7,
        convention="pytorch",
        l2=0.0,
        global_clipnorm=None,
    ):
        super().__init__(learning_rate, l2, global_clipnorm)
        self.rho = check_fraction("rho", rho)
        self.epsilon = check_positive("epsilon", epsilon)
        self.convention = check_choice("convention", convention, ("pytorch", "keras"))

    def update(self, p, g, rate, t, mean_square):
        mean_square *= self.rho
        np.multiply(g, g, out=t)
        t *= 1 - self.rho
        mean_square += t

        if self.convention == "keras":
            np.add(mean_square, self.epsilon, out=t)
            np.sqrt(t, out=t)
        else:
            np.sqrt(mean_square, out=t)
            t += self.epsilon
        np.divide(g, t, out=t)
        t *= rate
        p -= t


class Adam(Optimizer):
    r"""Momentum, divided by a running root mean square; both corrected for starting at zero.

    .. math:: m &\leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
              v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2 \\
              \theta &\leftarrow \theta - \eta\,
              \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    learning_rate : float or callable, default 0.001
        The step size :math:`\eta`.
    beta_1, beta_2 : float, default 0.9 and 0.999
        Shares of the old averages that stay.
    epsilon : float, default 1e-8
        Keeps the quotient finite.
    convention : {"pytorch", "keras"}, default "pytorch"
        Where epsilon is added. In PyTorch after the correction of v, as above (default 1e-8); in
        Keras before it (default 1e-7), so that there, in the terms of the formula, epsilon is
        :math:`1 / \sqrt{1 - \beta_2^t}` times as large: 32 times at the first step.
    l2, global_clipnorm
        See :class:`Optimizer`.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015,
    `arXiv:1412.6980 <https://arxiv.org/abs/1412.6980>`_: algorithm 1 is PyTorch's convention, the
    variant at the end of section 2 is Keras's.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    slots = ("m", "v")

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        convention="pytorch",
        l2=0.0,
        global_clipnorm=None,
    ):
        super().__init__(learning_rate, l2, global_clipnorm)
        self.beta_1 = check_fraction("beta_1", beta_1)
        self.beta_2 = check_fraction("beta_2", beta_2)
        self.epsilon = check_positive("epsilon", epsilon)
        self.convention = check_choice("convention", convention, ("pytorch", "keras"))

    def update(self, p, g, rate, t, m, v):
        m *= self.beta_1
        np.multiply(g, 1 - self.beta_1, out=t)
        m += t
        v *= self.beta_2
        np.multiply(g, g, out=t)
        t *= 1 - self.beta_2
        v += t

        # The fraction of the formula, times sqrt(1 - beta_2^t) above and below the line.
        correction_1 = 1 - self.beta_1**self.iterations
        correction_2 = (1 - self.beta_2**self.iterations) ** 0.5
        np.sqrt(v, out=t)
        t += self.epsilon * (1 if self.convention == "keras" else correction_2)
        np.divide(m, t, out=t)
        t *= rate * correction_2 / correction_1
        p -= t


class AdamW(Adam):
    r"""Adam with decoupled weight decay: the weights shrink, whatever their gradient's history.

    .. math:: W \leftarrow (1 - \eta \lambda)\, W, \quad \text{then a step of Adam}

    An L2 penalty inside Adam is divided by :math:`\sqrt{\hat v}` like any gradient, so weights
    with large gradients hardly decay; here all decay at the same rate.

    Parameters
    ----------
    learning_rate : float or callable, default 0.001
        The step size :math:`\eta`.
    weight_decay : float, default 0.01
        The factor :math:`\lambda`; 0.01 is PyTorch's default, 0.004 Keras's.
    beta_1, beta_2, epsilon, convention
        See :class:`Adam`.
    global_clipnorm
        See :class:`Optimizer`.

    References
    ----------
    I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019,
    `arXiv:1711.05101 <https://arxiv.org/abs/1711.05101>`_.

    Notes
    -----
    Chapter: :doc:`/engine`.
    """

    def __init__(
        self,
        learning_rate=0.001,
        weight_decay=0.01,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        convention="pytorch",
        global_clipnorm=None,
    ):
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, convention, global_clipnorm=global_clipnorm
        )
        self.weight_decay = check_nonnegative("weight_decay", weight_decay)

    def decay(self, weights, rate):
        weights *= 1 - rate * self.weight_decay


def _norm(vector):
    """Return the length of a vector, without overflow on the way; 1 for a zero vector."""
    largest = float(np.abs(vector).max(initial=0))
    return largest * float(np.linalg.norm(vector / largest)) if largest else 1.0
