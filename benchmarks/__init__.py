"""zenstrap's run time, compared with a lower bound and with a hand-written script."""
