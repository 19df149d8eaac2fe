"""What `import nnbook` loads, offers and needs; each in an interpreter of its own."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import nnbook

ROOT = Path(__file__).parents[1]


def python(code, warnings="error"):
    """Run `code` in a fresh interpreter, by default with warnings as errors; return its words."""
    command = [sys.executable, "-W", warnings, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


FRAMEWORKS = ["torch", "tensorflow", "keras", "jax"]
HEAVY = [*FRAMEWORKS, "matplotlib", "sklearn", "scipy", "pandas", "IPython", "myst_nb"]
HEAVY += ["tqdm", "safetensors", "pooch", "requests"]


@pytest.mark.parametrize(
    ("code", "banned"),
    [
        ("import nnbook", HEAVY),
        (
            "from nnbook import ActivationFunctions, NeuralNetwork, load_mnist, one_hot_encode",
            HEAVY,
        ),
        ("from nnbook import *", FRAMEWORKS),
        ("from nnbook import visualize_gradient_flow", FRAMEWORKS),
        ("import nnbook.book, nnbook.gradient_check, nnbook.losses, nnbook.preprocessing", HEAVY),
        ("import nnbook.plotting", FRAMEWORKS),
        ("from nnbook import Sequential, Dense, ReLU, Dropout, BatchNorm, Adam, mlp", HEAVY),
        ("from nnbook import NeuralNetworkClassifier", FRAMEWORKS),
        ("import nnbook.frameworks.bridge", HEAVY),
        ("import nnbook.frameworks", HEAVY),
    ],
)
def test_imports_load_nothing_heavy(code, banned):
    assert not {*python(f"{code}\nimport sys; print(*sys.modules)")} & {*banned}


def test_pytorch_comes_without_keras_and_plotting(torch):
    loaded = python("import nnbook.frameworks.torch_mlp, sys; print(*sys.modules)", "ignore")
    assert not {"tensorflow", "keras", "matplotlib"} & {*loaded}


def test_every_public_name_is_there():
    names = python("from nnbook import *; print(*dir())")
    assert {*nnbook.__all__} <= {*names}
    assert {*nnbook.__all__, "MNISTNet"} == {
        *("ActivationFunctions", "NeuralNetwork", "load_mnist", "one_hot_encode"),
        *("load_fashion_mnist", "load_cifar10"),
        *("visualize_gradient_flow", "MNISTNet"),
        *("Sequential", "mlp", "History", "NeuralNetworkClassifier", "NeuralNetworkRegressor"),
        *("Dense", "Dropout", "BatchNorm", "LayerNorm", "Flatten", "Rescaling"),
        *("RandomShift", "Residual"),
        *("ReLU", "LeakyReLU", "Sigmoid", "Tanh", "GELU"),
        *("SoftmaxCrossEntropy", "BinaryCrossEntropy", "MeanSquaredError"),
        *("SGD", "RMSProp", "Adam", "AdamW"),
        *("StepDecay", "CosineDecay", "Warmup", "OneCycle"),
        *("EarlyStopping", "ModelCheckpoint", "LearningRateRangeTest"),
    }
    assert {*nnbook.__all__} <= {*dir(nnbook)}


def test_mnistnet_comes_with_pytorch(torch):
    assert issubclass(nnbook.MNISTNet, torch.nn.Module)


@pytest.mark.parametrize(
    ("framework", "statement", "extra"),
    [
        ("torch", "from nnbook import MNISTNet", "nnbook[torch]"),
        ("torch", "import nnbook.frameworks.torch_mlp", "nnbook[torch]"),
        ("keras", "import nnbook.frameworks.keras_mlp", "nnbook[tensorflow]"),
    ],
)
def test_without_its_framework_a_name_tells_the_extra(framework, statement, extra):
    python(
        "import sys\n"
        "class NotInstalled:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {framework!r}:\n"
        "            raise ModuleNotFoundError(name=name)\n"
        "sys.meta_path.insert(0, NotInstalled())\n"
        "from nnbook import *\n"
        f"try:\n    {statement}\n"
        f"except ImportError as error:\n    assert {extra!r} in str(error), error\n"
        f"else:\n    raise AssertionError('no ImportError')"
    )


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'nnbook' has no attribute 'Perceptron'"):
        nnbook.Perceptron  # noqa: B018


def test_the_version_is_stated_once():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert nnbook.__version__ == pyproject["project"]["version"]


def test_the_book_names_the_same_version():
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert config["sphinx"]["config"]["version"] == nnbook.__version__
