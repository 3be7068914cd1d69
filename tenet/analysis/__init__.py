"""Arithmetic over frames: no database, no disk, no network, no clock."""
