# What the builder holds now, a line `name version` for each: C:\kiln\packages.txt. Which system it is, as os-release(5)
# says it on Linux: C:\kiln\os-release.txt.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$windows = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
$framework = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full'
$lines = @("windows 10.0.$($windows.CurrentBuild).$($windows.UBR)", "dotnet-framework $($framework.Version)")
$lines += Get-HotFix | ForEach-Object { "hotfix/$($_.HotFixID) installed" }
$lines += Get-WindowsFeature | Where-Object { $_.Installed } | ForEach-Object { "feature/$($_.Name) installed" }

$keys = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*',
    'HKLM:\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\*'
foreach ($key in Get-Item -Path $keys) {
    $name = $key.GetValue('DisplayName')
    if ($name) {
        $version = $key.GetValue('DisplayVersion', 'unknown') -replace '\s+', '_'
        $lines += "program/$($name -replace '\s+', '_') $version"
    }
}
$lines | Sort-Object -Unique | Set-Content -Path 'C:\kiln\packages.txt' -Encoding Ascii

$system = @('ID=windows', "VERSION_ID=10.0.$($windows.CurrentBuild)", "PRETTY_NAME=`"$($windows.ProductName)`"")
$system | Set-Content -Path 'C:\kiln\os-release.txt' -Encoding Ascii
