"""Where Payroll's stacks leave values for each other."""

from kiln.shared_values import SharedValues

PAYROLL = SharedValues("/kiln/payroll")
TOOLING = SharedValues("/kiln/tooling")
