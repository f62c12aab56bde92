"""What a plan may do in an environment, and whether somebody has to agree to it."""

from zenstrap.policy.rules import Verdict, judge

__all__ = ["Verdict", "judge"]
