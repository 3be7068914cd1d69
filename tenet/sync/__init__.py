"""Sync: every provider asked side by side, every account judged by itself, one landing.

judge.py holds the rules (pure), known.py what is landed already, rows.py the raw rows, run.py the
asking and landing.
"""
