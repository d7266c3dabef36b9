"""The name of the application whose images are baked: a tag of everything that a bake makes, and part of its names."""

APPLICATION = "Payroll"
