"""What a network and a residual block share: layers in a row that have to fit each other.

Chapter: :doc:`/deep-architectures`.
"""

from nnbook.layers.base import Layer


def check_layers(layers):
    """Return new layers as a list.

    Raises
    ------
    ValueError, TypeError
        If there is none, an argument is no layer, stands twice, or is in use already.

    Notes
    -----
    Chapter: :doc:`/deep-architectures`.
    """
    if isinstance(layers, Layer) or not hasattr(layers, "__iter__"):
        raise TypeError(f"layers is {layers!r}, expected a list of layers")
    layers = list(layers)
    for i, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise TypeError(f"layers[{i}] is {layer!r}, expected a layer")
        if layer.in_use or any(layer is earlier for earlier in layers[:i]):
            raise ValueError(f"layers[{i}], {layer}, is in use already, expected a new layer")
    if not layers:
        raise ValueError("layers is empty, expected at least one layer")
    return layers


def chain_shapes(layers, shape):
    """Return the input shape of every layer for samples of `shape`, and the last one's output.

    Raises
    ------
    ValueError
        If two layers do not fit each other: the message names both.

    Notes
    -----
    Chapter: :doc:`/deep-architectures`.
    """
    shapes, source = [shape], None
    for i, layer in enumerate(layers):
        try:
            after = layer.output_shape(shape)
        except ValueError as error:
            source = "x" if source is None else f"layers[{source}], {layers[source]},"
            # What a block takes and gives, its own message says.
            told = shape is None or hasattr(layer, "layers")
            given = "" if told else f", but {source} gives {describe_shape(shape)}"
            raise ValueError(f"layers[{i}], {error}{given}") from None
        if after != shape:
            source = i  # written out only in a message: this runs at every prediction
        shape = after
        shapes.append(shape)
    return shapes


def describe_shape(shape):
    """Return the shape of one sample in words.

    Notes
    -----
    Chapter: :doc:`/deep-architectures`.
    """
    return f"{shape[0]} features" if len(shape) == 1 else f"samples of shape {shape}"
