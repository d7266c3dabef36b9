"""What an environment costs in a month, from its synthesized templates and a dated table of prices.

A sum that nobody can check is worth nothing, so: every price has its source and its date, what depends on use or has no
price in the table is listed and not guessed, and nothing is left out silently (`coverage`).
"""
