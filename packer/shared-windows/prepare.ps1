# First on every builder: a limit on its life. One that nobody ends stops itself, also after restarts.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$hours = 4 # longer than any recipe's limit: an early shutdown would look like a sealed builder
$action = New-ScheduledTaskAction -Execute 'shutdown.exe' -Argument '/s /f /t 0'
$trigger = New-ScheduledTaskTrigger -Once -At (Get-Date).AddHours($hours)
Register-ScheduledTask -TaskName 'kiln-limit' -Action $action -Trigger $trigger -User 'SYSTEM' -RunLevel Highest |
    Out-Null
