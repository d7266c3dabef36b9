"""What Payroll's services share: who they are, what they are told, the payslips, how jobs are taken."""
