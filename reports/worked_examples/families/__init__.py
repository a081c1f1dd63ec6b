"""What each family of worked examples answers, through the published metric functions."""

from reports.worked_examples.families import chances, durations, surveys, targets, tickets  # they register themselves
from reports.worked_examples.families.base import FAMILIES, Each, Known

__all__ = ["FAMILIES", "Each", "Known", "chances", "durations", "surveys", "targets", "tickets"]
