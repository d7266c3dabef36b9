# IIS with ASP.NET: the features, nothing that shows itself to visitors, and a start after each boot.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$features = 'Web-Default-Doc', 'Web-Static-Content', 'Web-Http-Errors', 'Web-Http-Logging', 'Web-Filtering',
    'Web-Stat-Compression', 'Web-Asp-Net45', 'Web-Net-Ext45', 'NET-Framework-45-ASPNET', 'Web-Scripting-Tools'
$result = Install-WindowsFeature -Name $features
if (-not $result.Success) {
    throw "the features were not installed: $($result.ExitCode)"
}

Import-Module -Name WebAdministration
Get-Website | Remove-Website
Get-ChildItem -Path IIS:\AppPools | ForEach-Object { Remove-WebAppPool -Name $_.Name }

# What a server says of itself is of use to nobody else.
$server = @{ PSPath = 'MACHINE/WEBROOT/APPHOST' }
Set-WebConfigurationProperty @server -Filter 'system.webServer/security/requestFiltering' -Name removeServerHeader `
    -Value $true
Clear-WebConfiguration @server -Filter "system.webServer/httpProtocol/customHeaders/add[@name='X-Powered-By']"
Set-WebConfigurationProperty @server -Filter 'system.applicationHost/sites/siteDefaults/logFile' -Name logFormat -Value W3C

Set-Service -Name W3SVC -StartupType Automatic
& sc.exe failure W3SVC reset= 86400 actions= restart/5000/restart/30000/restart/60000 | Out-Null
if ($LASTEXITCODE -ne 0) {
    throw "sc.exe failure ended with $LASTEXITCODE"
}
