"""Alarms, dashboards, documents for people on call, patches, logs and budgets."""
