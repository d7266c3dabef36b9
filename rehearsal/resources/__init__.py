"""Resources of the embedded AWS: what makes, changes and removes one of each type, through the services' public APIs.

`kind` says what a line of the table can say, `table/` holds the lines, `special/` what no line can say,
`resource` carries a line out. The table is STRICT: a type, property or update policy that nobody would honour
fails the resource with the reason; what is deliberately left out stands in the table as `skipped`, with its reason.
"""
