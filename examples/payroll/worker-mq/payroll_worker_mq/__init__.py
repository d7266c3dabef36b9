"""Payroll's Worker-MQ tier: hears from other systems through the message broker."""
