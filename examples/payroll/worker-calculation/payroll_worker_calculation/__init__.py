"""Payroll's Worker-Calculation tier: calculates payslips, and finishes one before its machine ends."""
