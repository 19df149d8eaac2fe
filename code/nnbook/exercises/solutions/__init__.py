"""The worked solutions, as the pages show them and as ``solution(name)`` prints them."""
