"""What the rehearsal measures of itself, minute by minute, as the AWS services publish it: one module per namespace.

Each publisher is a function of (begin, end) in real seconds since the epoch, and stamps its data with the begin, as
CloudWatch does.
"""
