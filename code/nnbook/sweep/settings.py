"""The settings of a run: their defaults, and what each may be.

The defaults are those of the chapters on MNIST: 784-128-64-10, ReLU, Adam at 0.001, batches of 128,
10 epochs. The initial weights are those that :func:`nnbook.sequential.mlp` gives an activation.
`learning_rate` is the highest one of a `schedule`, which lasts as long as the training. `shift` is
in pixels. With `patience`, the training ends after so many epochs without a lower validation
loss, and takes back the weights that were best.

Chapter: :doc:`/exercises`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from nnbook.initializers import INITIALIZERS
from nnbook.optimizers import SGD, Adam, AdamW, RMSProp
from nnbook.sequential import ACTIVATIONS
from nnbook.splits import DATA
from nnbook.validation import (
    check_choice,
    check_count,
    check_fraction,
    check_nonnegative,
    check_positive,
)

FRAMEWORKS = ("nnbook", "keras", "torch")
SCHEDULES = ("constant", "cosine", "one_cycle")
# Each optimizer with the settings that only some take.
OPTIMIZERS = {
    "sgd": (SGD, ("momentum", "nesterov", "l2")),
    "rmsprop": (RMSProp, ("l2",)),
    "adam": (Adam, ("l2",)),
    "adamw": (AdamW, ("weight_decay",)),
}
EPOCHS = 10  # where neither epochs nor steps are given
# What the training functions of the framework chapters offer.
OFFERED = (
    *("framework", "data", "train_images", "dropout"),
    *("learning_rate", "batch_size", "epochs", "seed"),
)


class SettingError(ValueError):
    """A setting that does not fit another; `setting` is its name.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """

    def __init__(self, setting, message):
        super().__init__(message)
        self.setting = setting


@dataclass(frozen=True)
class Setting:
    """A default, and a check that returns a value or raises ValueError or TypeError.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """

    default: Any
    check: Callable[[str, Any], Any]


def _one_of(choices):
    return partial(check_choice, choices=choices)


def _optional(check):
    return lambda name, value: None if value is None else check(name, value)


def _check_flag(name, value):
    if not isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}, expected true or false")
    return value


def _check_images(name, value):
    return value if value == "all" else check_count(name, value)


def _check_hidden(name, value):
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} is {value!r}, expected a list of integers such as [128, 64]")
    return [check_count(name, size) for size in value]


SETTINGS = {
    "framework": Setting("nnbook", _one_of(FRAMEWORKS)),
    "data": Setting("mnist", _one_of(DATA)),
    "train_images": Setting("all", _check_images),
    "hidden": Setting([128, 64], _check_hidden),
    "activation": Setting("relu", _one_of(ACTIVATIONS)),
    "initializer": Setting(None, _optional(_one_of(INITIALIZERS))),
    "batch_norm": Setting(False, _check_flag),
    "dropout": Setting(0.0, check_fraction),
    "label_smoothing": Setting(0.0, check_fraction),
    "shift": Setting(0, partial(check_count, minimum=0)),
    "optimizer": Setting("adam", _one_of(OPTIMIZERS)),
    "learning_rate": Setting(1e-3, check_positive),
    "schedule": Setting("constant", _one_of(SCHEDULES)),
    "momentum": Setting(0.0, check_fraction),
    "nesterov": Setting(False, _check_flag),
    "l2": Setting(0.0, check_nonnegative),
    "weight_decay": Setting(0.0, check_nonnegative),
    "batch_size": Setting(128, check_count),
    "epochs": Setting(None, _optional(check_count)),
    "steps": Setting(None, _optional(check_count)),
    "patience": Setting(None, _optional(check_count)),
    "seed": Setting(0, partial(check_count, minimum=0)),
}


def check_setting(name, value):
    """Return the value of one setting, as a run takes it.

    Parameters
    ----------
    name : str
        One of the keys of `SETTINGS`.
    value : object
        What is asked for.

    Raises
    ------
    SettingError
        If there is no such setting, or `value` is of a wrong type or out of its range.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    if name not in SETTINGS:
        raise SettingError(name, f"{name!r} is no setting, expected one of {', '.join(SETTINGS)}")
    try:
        return SETTINGS[name].check(name, value)
    except (TypeError, ValueError) as error:
        raise SettingError(name, str(error)) from None


def complete(given):
    """Return all settings of a run: those given, checked, and the defaults of the others.

    Parameters
    ----------
    given : dict
        Some settings. With `steps`, the training stops after so many steps, even within an epoch,
        and `epochs` stays None; without either, it takes 10 epochs.

    Returns
    -------
    dict
        In the order of `SETTINGS`.

    Raises
    ------
    SettingError
        If a setting is unknown or wrong, or does not fit another.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    checked = {name: check_setting(name, value) for name, value in given.items()}
    settings = {name: checked.get(name, setting.default) for name, setting in SETTINGS.items()}
    if settings["steps"] is None and settings["epochs"] is None:
        settings["epochs"] = EPOCHS
    _check_length(settings)
    _check_optimizer(settings)
    _check_framework(settings)
    return settings


def _check_length(settings):
    steps, epochs = settings["steps"], settings["epochs"]
    if steps is not None and epochs is not None:
        raise SettingError("steps", f"steps is {steps} and epochs {epochs}, expected one of them")


def _check_optimizer(settings):
    optimizer = settings["optimizer"]
    for name in ("momentum", "nesterov", "l2", "weight_decay"):
        if settings[name] and name not in OPTIMIZERS[optimizer][1]:
            raise SettingError(name, f"{name} is {settings[name]}, expected 0 with {optimizer}")
    if settings["nesterov"] and not settings["momentum"]:
        raise SettingError("nesterov", "nesterov is True and momentum 0, expected momentum above 0")


def _check_framework(settings):
    framework = settings["framework"]
    if framework == "nnbook":
        return
    for name, setting in SETTINGS.items():
        value, default = settings[name], setting.default
        if name not in OFFERED and value != default:
            message = f"{name} is {value!r}, expected {default!r} with {framework}"
            raise SettingError(name, message)
    if settings["data"] == "digits":
        raise SettingError("data", f"data is 'digits', expected 28 × 28 pixels with {framework}")
