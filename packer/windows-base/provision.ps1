# Windows Server patched to this day and hardened in the spirit of the CIS benchmark for Windows Server 2019, level 1.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Set-Number([string] $Path, [string] $Name, [int] $Value) {
    if (-not (Test-Path -Path $Path)) {
        New-Item -Path $Path -Force | Out-Null
    }
    New-ItemProperty -Path $Path -Name $Name -Value $Value -PropertyType DWord -Force | Out-Null
}

# --- updates: those that Windows would install by itself ----------------------------------------------------------------
# https://learn.microsoft.com/windows/win32/wua_sdk/searching--downloading--and-installing-updates
$session = New-Object -ComObject Microsoft.Update.Session
$found = $session.CreateUpdateSearcher().Search("IsInstalled=0 and IsHidden=0 and AutoSelectOnWebSites=1")
Write-Output "$($found.Updates.Count) updates to install"
if ($found.Updates.Count -gt 0) {
    foreach ($update in $found.Updates) {
        if (-not $update.EulaAccepted) {
            $update.AcceptEula()
        }
    }
    $downloader = $session.CreateUpdateDownloader()
    $downloader.Updates = $found.Updates
    $downloader.Download() | Out-Null
    $installer = $session.CreateUpdateInstaller()
    $installer.Updates = $found.Updates
    $installed = $installer.Install()
    if ($installed.ResultCode -ne 2) { # orcSucceeded
        throw "installing updates ended with result $($installed.ResultCode), HRESULT $($installed.HResult)"
    }
}

# --- settings: what is in files/registry.json, and TLS 1.2 only ---------------------------------------------------------
# FilterAdministratorToken is left alone: with it the Administrator could not administer over WinRM, and no tier be baked.
$settings = Get-Content -Path 'C:\kiln\upload\registry.json' -Raw | ConvertFrom-Json
foreach ($setting in $settings) {
    Set-Number -Path $setting.path -Name $setting.name -Value $setting.value
}
$protocols = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'
foreach ($side in 'Server', 'Client') {
    foreach ($old in 'SSL 2.0', 'SSL 3.0', 'TLS 1.0', 'TLS 1.1') {
        Set-Number -Path "$protocols\$old\$side" -Name 'Enabled' -Value 0
        Set-Number -Path "$protocols\$old\$side" -Name 'DisabledByDefault' -Value 1
    }
    Set-Number -Path "$protocols\TLS 1.2\$side" -Name 'Enabled' -Value 1
    Set-Number -Path "$protocols\TLS 1.2\$side" -Name 'DisabledByDefault' -Value 0
}
$logon = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'
Set-ItemProperty -Path $logon -Name 'AutoAdminLogon' -Value '0'
Remove-ItemProperty -Path $logon -Name 'DefaultPassword' -ErrorAction SilentlyContinue

# --- what is not needed -------------------------------------------------------------------------------------------------
Uninstall-WindowsFeature -Name FS-SMB1 | Out-Null
foreach ($name in 'Spooler', 'RemoteRegistry') {
    $service = Get-Service -Name $name -ErrorAction SilentlyContinue # not all of them are part of Core
    if ($service) {
        Set-Service -Name $name -StartupType Disabled
    }
}
Disable-LocalUser -Name 'Guest'

# --- firewall: nothing comes in but what a rule lets in -----------------------------------------------------------------
Set-NetFirewallProfile -All -Enabled True -DefaultInboundAction Block -DefaultOutboundAction Allow -LogBlocked True
foreach ($group in 'Remote Desktop', 'Windows Remote Management', 'File and Printer Sharing') {
    Get-NetFirewallRule -DisplayGroup $group -ErrorAction SilentlyContinue | Disable-NetFirewallRule
}

# --- accounts, audit, time, Defender ------------------------------------------------------------------------------------
# Programs do not throw: what they say counts.
function Invoke-Program([string] $Name, [string[]] $Arguments) {
    & $Name @Arguments | Out-Null
    if ($LASTEXITCODE -ne 0) {
        throw "$Name $Arguments ended with $LASTEXITCODE"
    }
}
Invoke-Program net.exe @('accounts', '/minpwlen:14', '/maxpwage:365', '/lockoutthreshold:10')
Invoke-Program net.exe @('accounts', '/lockoutduration:15', '/lockoutwindow:15')
foreach ($what in 'Logon', 'Special Logon', 'Account Lockout', 'Credential Validation', 'User Account Management',
    'Security Group Management', 'Audit Policy Change', 'Security State Change', 'System Integrity', 'Process Creation') {
    Invoke-Program auditpol.exe @('/set', "/subcategory:$what", '/success:enable', '/failure:enable')
}
Set-Service -Name W32Time -StartupType Automatic
Start-Service -Name W32Time
Invoke-Program w32tm.exe @('/config', '/manualpeerlist:169.254.169.123,0x9', '/syncfromflags:manual', '/update')
Set-MpPreference -DisableRealtimeMonitoring $false
