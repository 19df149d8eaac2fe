"""The same network in Keras and in PyTorch; nothing else in nnbook imports either."""
