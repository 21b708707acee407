"""Compiled walks over sorted arrays, for what a set-based query cannot say well.

Every kernel takes arrays sorted by (scope, time): ``scope`` int32, ``item`` int32 codes from 0, ``time_us`` int64
microseconds. Each is valid plain Python too, so that ``NUMBA_DISABLE_JIT=1`` runs the same lines uncompiled.
"""
