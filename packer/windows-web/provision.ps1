# The site of this tier: files that its own account can read and nobody but administrators change, pool, site, port 8080.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$name = 'payroll-web'
$root = "C:\inetpub\$name"

New-Item -Path $root -ItemType Directory -Force | Out-Null
Expand-Archive -Path 'C:\kiln\upload\artifact.zip' -DestinationPath $root -Force

Import-Module -Name WebAdministration
New-WebAppPool -Name $name | Out-Null
$pool = "IIS:\AppPools\$name"
Set-ItemProperty -Path $pool -Name managedRuntimeVersion -Value 'v4.0' # of every .NET Framework 4.x
Set-ItemProperty -Path $pool -Name startMode -Value 'AlwaysRunning'
Set-ItemProperty -Path $pool -Name processModel.idleTimeout -Value ([TimeSpan]::Zero)
Set-ItemProperty -Path $pool -Name recycling.periodicRestart.time -Value ([TimeSpan]::Zero)
New-Website -Name $name -PhysicalPath $root -ApplicationPool $name -Port 8080 | Out-Null

& icacls.exe $root /inheritance:r /grant 'BUILTIN\Administrators:(OI)(CI)F' 'NT AUTHORITY\SYSTEM:(OI)(CI)F' `
    "IIS AppPool\${name}:(OI)(CI)RX" | Out-Null
if ($LASTEXITCODE -ne 0) {
    throw "icacls.exe ended with $LASTEXITCODE"
}
Set-WebConfigurationProperty -PSPath 'MACHINE/WEBROOT/APPHOST' -Location $name -Name userName -Value '' `
    -Filter 'system.webServer/security/authentication/anonymousAuthentication' # visitors are the pool's account

New-NetFirewallRule -Name $name -DisplayName 'Payroll Web' -Direction Inbound -Protocol TCP -LocalPort 8080 `
    -Action Allow | Out-Null
