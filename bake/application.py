"""The name of the application whose images are baked: a tag of everything that a bake makes, and part of its names.

And what an image that is a copy of another is tagged with, whose value is that image's AMI id.
"""

APPLICATION = "Payroll"
COPIED_FROM = "kiln:copied-from"
