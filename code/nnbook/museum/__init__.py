"""A museum of real bugs: published mistakes in a few lines each, beside their mended versions.

Do not import anything from here into a program: every module holds wrong code, on purpose.

Chapter: :doc:`/bug-museum`.
"""
