# Last on every builder: out with what belongs to one machine or to the build, then sysprep, which shuts it down. What is
# launched from the image gets a name, an identity and a random Administrator's password of its own at its first boot.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

Start-Sleep -Seconds 20 # until Packer has hung up
Set-Location -Path 'C:\'
Unregister-ScheduledTask -TaskName 'kiln-seal' -Confirm:$false # what runs of it runs on

# The way in that user-data.ps1 made.
Get-ChildItem -Path WSMan:\localhost\Listener | Remove-Item -Recurse -Force
Get-ChildItem -Path Cert:\LocalMachine\My | Where-Object { $_.FriendlyName -eq 'kiln-bake' } | Remove-Item
Remove-NetFirewallRule -Name 'kiln-bake'
Set-Service -Name WinRM -StartupType Disabled

# Traces. What is in use stays.
$traces = 'C:\kiln', 'C:\Windows\Temp\*', 'C:\Users\*\AppData\Local\Temp\*',
    'C:\Users\*\AppData\Roaming\Microsoft\Windows\PowerShell\PSReadLine\*',
    'C:\Windows\SoftwareDistribution\Download\*'
Remove-Item -Path $traces -Recurse -Force -ErrorAction SilentlyContinue
Clear-EventLog -LogName 'Application', 'System', 'Security'

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2launch-v2-settings.html
& "$env:ProgramFiles\Amazon\EC2Launch\EC2Launch.exe" sysprep '--clean=true' '--shutdown=true'
