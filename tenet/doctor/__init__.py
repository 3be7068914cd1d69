"""`tenet doctor`: whether a home is well, and what to do where it is not. Nothing is changed.

examine     every check, one after the other
finding     what a check found
landed      what lies in raw/: whole, as it was landed, none missing
built       the published file: current, undamaged, equal to a fresh build
machine     permissions, clock, disk, what killed writers left
asked       providers and market sources
"""

from tenet.doctor.examine import examine
from tenet.doctor.finding import Finding

__all__ = ["Finding", "examine"]
