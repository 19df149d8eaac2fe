"""Sweeps: many trainings that differ in their settings and seeds, in one table.

``python -m nnbook.sweep --grid sweeps/learning-rate.yml`` runs a grid.

Chapter: :doc:`/exercises`.
"""
