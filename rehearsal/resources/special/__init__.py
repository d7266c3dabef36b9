"""What no line of the table can say: shapes that differ in kind between CloudFormation and a service's API."""
