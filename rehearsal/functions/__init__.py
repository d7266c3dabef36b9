"""Lambda: moto keeps the records of functions, here they run, each invocation as a process of its own.

model           what a function is and how an invocation ends
package         a deployment package becomes a folder
bootstrap       the program inside the process: handler, event, context (a script of its own, never imported)
cfnresponse     the module that CloudFormation puts beside inline code
process         one invocation: started, timed, ended
functions       credentials, logs, retries, destinations
"""

from rehearsal.functions.functions import Functions

__all__ = ["Functions"]
