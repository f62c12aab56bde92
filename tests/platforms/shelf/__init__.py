"""A third platform, to see that the seam is real: a shelf of folders on this machine."""
