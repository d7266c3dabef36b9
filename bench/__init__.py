"""How fast Kiln is, as ratios of one run on one machine. Nothing here is a test, and no test is timed."""
