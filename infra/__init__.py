"""Payroll on AWS: one parameter file per environment, one set of templates for all of them."""
