"""What a plan may do in an environment, and whether it needs an approval."""

from zenstrap.policy.rules import Verdict, judge

__all__ = ["Verdict", "judge"]
