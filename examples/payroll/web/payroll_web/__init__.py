"""Payroll's Web tier: a small real HTTP service that says which build is running where."""
