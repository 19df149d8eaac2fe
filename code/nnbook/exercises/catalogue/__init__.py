"""What the checker knows, a module a chapter: inputs, hints and known-wrong answers."""
