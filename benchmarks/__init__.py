"""What zenstrap costs: beside the least that it can take, and beside a script of one's own."""
