"""Where an environment can live, one module or package for each platform."""
