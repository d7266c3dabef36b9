"""Payroll's Worker tier: looks at what Web has taken, and passes calculations on to Worker-Calculation."""
