"""What is in an image: Debian's packages, Python's distributions, the artifact, the operating system.

listing          what a builder tells of itself at its end
distributions    what the artifact holds of Python's
bill             both as a bill of materials, CycloneDX 1.6 in JSON
documents        that bill in the bucket, beside the image's record
vulnerabilities  what Debian's security tracker knows of what the bill names
findings         how that is said
"""
